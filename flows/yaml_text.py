"""YAML as people mean it: only `true` and `false` are booleans, dates and codes are words, and no name stands twice.

So YAML 1.2 has it (sections 10.3.2 and 3.2.1.1). PyYAML reads 1.1, where `on: [email]` gives the key `True`, 12:30 is
the number 750, 010 is 8, and of two equal names the first is lost. A number with a zero before it is a code, and a word
too; where an option is a number, the option makes one of it.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_REPLACED = (f"{_TAG}bool", f"{_TAG}int", f"{_TAG}float", f"{_TAG}timestamp")
_INTEGER = r"[-+]?(?:0|[1-9][0-9]*)"
_FRACTION = rf"{_INTEGER}\.[0-9]*(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9]+(?:[eE][-+]?[0-9]+)?|{_INTEGER}[eE][-+]?[0-9]+"
_UNBOUNDED = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"


_SHORTER_THAN = 110


class _Loader(yaml.SafeLoader):
    """A safe loader of its own, so that others keep their booleans."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """A mapping in which no name stands twice."""
        node = super().compose_mapping_node(anchor)
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for name in names:
            if names.count(name) > 1:
                raise yaml.composer.ComposerError(None, None, f"the name {name!r} twice", node.start_mark)
        return node


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag not in _REPLACED]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver(f"{_TAG}int", re.compile(f"^{_INTEGER}$"), list("-+0123456789"))
_Loader.add_implicit_resolver(f"{_TAG}float", re.compile(f"^(?:{_FRACTION}|{_UNBOUNDED})$"), list("-+0123456789."))


def read_yaml(text: str) -> Any:
    """What the text says.

    Raises:
        yaml.YAMLError: it is no YAML, or gives a name twice.
    """
    return yaml.load(text, Loader=_Loader)


class _Dumper(yaml.SafeDumper):
    """Quotes words that are anything else in YAML 1.1 or 1.2."""


for _letter, _resolvers in _Loader.yaml_implicit_resolvers.items():
    for _name, _pattern in _resolvers:
        _Dumper.add_implicit_resolver(_name, _pattern, [_letter])


def write_yaml(content: Any) -> str:
    """Text that says so, to `read_yaml` and to readers of YAML 1.1 alike."""
    return yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=_SHORTER_THAN
    )
