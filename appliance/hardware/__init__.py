"""Hardware support as data: facts matched against hw-profiles. Pure; detection is the engine's."""
