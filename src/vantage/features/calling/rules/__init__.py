"""The rules of calling: pure functions of facts and an instant. No clock, no database, no network.

windows       when a person may be called
eligibility   whom a campaign calls and why it leaves others out
outcomes      what the carrier's words mean
retries       when to try again
stage_rules   what a call does to a lead's card and score
"""
