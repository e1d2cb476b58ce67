/** The result of a run of the kind `autoforecast`, as far as the page shows it; see `AutoForecast.to_json`. */
export interface Forecasted {
  name: string;
  panel: number;
  /** The model that keeps the forecasts as they were said. */
  issued: number | null;
  metric: string;
  remarks: string[];
  series_count: number;
  leaderboard: Ranked[];
  groups: {
    name: string;
    series: number;
    horizon: number;
    remarks: string[];
    ensemble: { id: number; name: string; metric: string; leaderboard: Trial[] } | null;
  }[];
  /** The first ones; all are in the panel. */
  series: { key: string; group: number; source: number; errors: Record<string, number | null> }[];
  file: KeptFile | null;
  report: KeptFile | null;
  program: string | null;
}

export interface KeptFile {
  object: string;
  name: string;
  bytes: number;
}

/** A member or the ensemble of a group, with its errors on rolling origins. */
export interface Ranked {
  group: string;
  name: string;
  is_ensemble: boolean;
  is_combined: boolean;
  rows: number;
  [metric: string]: unknown;
}

/** A combination that was tried. */
export interface Trial {
  method: string;
  members: string[];
  error: number | null;
  standard_error: number | null;
  selected: boolean;
}
