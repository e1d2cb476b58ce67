"""The page about the forecasts of a table: charts of each series, leaderboard, intervals, what was understood."""
