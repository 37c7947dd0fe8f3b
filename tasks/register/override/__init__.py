"""An approver's word that a model may serve though it fell short of its gate: signed, kept, and verified when shown."""
