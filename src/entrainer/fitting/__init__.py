"""Fitting stored models: as one program, by Keras' own fit, or as estimators; here or on other machines."""
