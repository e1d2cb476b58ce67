"""Work on ensembles: forming, rendering, judging, forecasting."""
