"""Surveillance: detectors over the records, alerts with evidence, cases, decisions."""
