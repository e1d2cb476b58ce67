import { useAllowed } from "@/api/queries";
import type { Collection, Item } from "@/api/types";
import { type Key, useTexts } from "@/i18n";
import { LinkButton } from "@/shell/AppLink";
import { RunButton } from "@/pages/runs/RunButton";
import { UploadPoints } from "./UploadPoints";

interface Step {
  text: Key;
  to: Collection;
  values: (item: Item) => Record<string, unknown>;
}

interface Work {
  text: Key;
  kind: string;
  needs: string;
  values: (item: Item) => Record<string, unknown>;
}

const id =
  (name: string) =>
  (item: Item): Record<string, unknown> => ({ [name]: item.id });
const ids =
  (name: string) =>
  (item: Item): Record<string, unknown> => ({ [name]: [item.id] });

/** The next step on the way from points to ensembles: it leads to a form with this record filled in. */
const STEPS: Partial<Record<Collection, Step[]>> = {
  "data-sources": [
    { text: "create.projects", to: "projects", values: id("data_source_id") },
    { text: "create.snapshots", to: "snapshots", values: id("data_source_id") },
  ],
  panels: [{ text: "create.projects", to: "projects", values: id("panel_id") }],
  snapshots: [{ text: "create.preparations", to: "preparations", values: id("data_snapshot_id") }],
  preparations: [{ text: "create.data-sets", to: "data-sets", values: id("data_preparation_id") }],
  "data-sets": [{ text: "create.models", to: "models", values: id("data_set_id") }],
  projects: [
    { text: "create.researches", to: "researches", values: id("project_id") },
    { text: "create.ensembles", to: "ensembles", values: id("project_id") },
  ],
  researches: [{ text: "create.models", to: "models", values: id("research_id") }],
};

/** Long work, done by runs, as far as the record is ready for it. */
const WORKS: Partial<Record<Collection, (item: Item) => Work[]>> = {
  projects: () => [{ text: "run.form", kind: "form", needs: "train", values: id("project") }],
  researches: () => [{ text: "run.tune", kind: "tune", needs: "train", values: id("research") }],
  models: ({ object_sha256 }) => [
    ...(object_sha256 ? [{ text: "run.register", kind: "register", needs: "create", values: id("model") } as const] : []),
    { text: "run.backtest", kind: "backtest", needs: "train", values: ids("models") },
    { text: object_sha256 ? "run.fit_again" : "run.fit", kind: "fit", needs: "train", values: ids("models") },
  ],
  ensembles: ({ rendered_at }) =>
    rendered_at
      ? [
          { text: "run.render_again", kind: "render", needs: "render", values: id("ensemble") },
          { text: "run.verify", kind: "verify", needs: "render", values: id("ensemble") },
          { text: "run.diagnose", kind: "diagnose", needs: "render", values: id("ensemble") },
          { text: "run.register", kind: "register", needs: "create", values: id("ensemble") },
          { text: "run.calibrate", kind: "calibrate", needs: "render", values: id("ensemble") },
          { text: "run.forecast", kind: "forecast", needs: "render", values: id("ensemble") },
        ]
      : [{ text: "run.render", kind: "render", needs: "render", values: id("ensemble") }],
};

/** The actions of a record. The last one is the main one. */
export function Actions({ collection, item }: { collection: Collection; item: Item }) {
  const { t } = useTexts();
  const allowed = useAllowed();
  const steps = allowed("create") ? (STEPS[collection] ?? []) : [];
  const works = (WORKS[collection]?.(item) ?? []).filter((each) => allowed(each.needs));
  return (
    <>
      {(collection === "data-sources" || collection === "panels") && allowed("upload") && (
        <UploadPoints collection={collection} id={item.id} />
      )}
      {works.map((each, place) => (
        <RunButton
          key={each.kind}
          kind={each.kind}
          given={each.values(item)}
          variant={steps.length === 0 && place === works.length - 1 ? "filled" : "default"}
        >
          {t(each.text)}
        </RunButton>
      ))}
      {steps.map((each, place) => (
        <LinkButton
          key={each.to}
          to={`/${each.to}/new`}
          search={each.values(item)}
          variant={place === steps.length - 1 ? "filled" : "default"}
        >
          {t(each.text)}
        </LinkButton>
      ))}
    </>
  );
}
