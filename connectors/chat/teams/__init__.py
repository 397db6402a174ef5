"""Teams: from its activities to interactions, from cards and forms to Adaptive Cards, and the calls between."""
