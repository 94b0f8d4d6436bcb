"""What viewers say and give: from the platforms' events to the chat in State, each event counted once."""
