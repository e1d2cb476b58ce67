import { ROOT } from "./request";
import type { Item } from "./types";

const CLASSES: Record<Item["entity"], string> = {
  project: "Project",
  data_source: "DataSource",
  panel: "Panel",
  scene: "Scene",
  data_snapshot: "DataSnapshot",
  data_preparation: "DataPreparation",
  data_set: "DataSet",
  research: "Research",
  model: "Model",
  ensemble: "Ensemble",
  forecast: "Forecast",
  data_csv: "DataCsv",
};

/** Python that opens the record with the library. */
export function pythonOf({ entity, id }: Item): string {
  const name = CLASSES[entity];
  return `from enstorage import Connector, ${name}\n\nwith Connector.in_folder("enstorage-data"):\n    ${entity} = ${name}.get(${id})\n`;
}

/** A call of curl that reads the same address; the token is one of the page *Tokens*. */
export function curlOf(path: string): string {
  const url = `${window.location.origin}${ROOT}${path}`;
  return `curl -H "Authorization: Bearer $ENSTORAGE_TOKEN" '${url.replaceAll("'", "%27")}'\n`;
}
