"""Listeners that come with the hub; each implements ``hub_stage_finished`` as a plugin would."""
