"""From a due row of the queue to a finished call on the lead: claim, dial, listen to the carrier, speak, close."""
