"""The public enquiry page of a project: accepted into the inbox at once, a lead a moment later."""
