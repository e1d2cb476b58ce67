import { Anchor, Code, Group, Stack, Title } from "@mantine/core";
import { address } from "@/api/request";
import type { Run } from "@/api/runs";
import { type Collection, type Json, collectionOf, isEntity } from "@/api/types";
import { useTexts } from "@/i18n";
import { AppLink } from "@/shell/AppLink";
import { UndoTrash } from "./UndoTrash";

interface Kept {
  object: string;
  name: string;
  bytes: number;
}

const isKept = (value: Json): value is Json & { object: string; name: string; bytes: number } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && "object" in value && "bytes" in value;

const isOutputs = (value: Json): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The address of a file that a run made. */
export const fileAddress = (run: Run, file: Kept): string => address(`/runs/${run.id}/files/${file.object}`);

interface Made {
  collection: Collection;
  id: number;
  name: string | null;
}

/** The records that a result names, such as `ensemble: 3` or `models: [{id, name}]`. */
function madeBy(result: Record<string, Json>): Made[] {
  const made: Made[] = [];
  for (const [key, value] of Object.entries(result)) {
    const one = key.endsWith("s") ? key.slice(0, -1) : key;
    const entity = isEntity(key) ? key : isEntity(one) ? one : null;
    if (!entity) continue;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (typeof each === "number")
        made.push({ collection: collectionOf(entity), id: each, name: typeof result.name === "string" ? result.name : null });
      else if (each && typeof each === "object" && !Array.isArray(each) && typeof each.id === "number")
        made.push({ collection: collectionOf(entity), id: each.id, name: (each.name as string) ?? null });
    }
  }
  return made;
}

/** What a run gave: links to its records, its files, and the rest as JSON. */
export function RunResult({ run }: { run: Run }) {
  const { t } = useTexts();
  const result = run.result as Record<string, Json>;
  // Of a pipeline: by the names of its last steps.
  const outputs = run.pipeline_id === null ? [result] : Object.values(result).filter(isOutputs);
  const files = outputs.flatMap((each) => Object.values(each)).filter(isKept);
  return (
    <Stack gap="xs" component="section" aria-label={t("runs.result")}>
      <Title order={2}>{t("runs.result")}</Title>
      <Group gap="md">
        {outputs
          .flatMap(madeBy)
          .slice(0, 50)
          .map(({ collection, id, name }) => (
            <AppLink key={`${collection}${id}`} to={`/${collection}/${id}`}>
              {name || `${t(`one.${collection}`)} ${id}`}
            </AppLink>
          ))}
        {files.map((each) => (
          <Anchor key={each.object} href={fileAddress(run, each)} download={each.name}>
            {each.name}
          </Anchor>
        ))}
      </Group>
      <UndoTrash result={result} />
      <details>
        <summary style={{ cursor: "pointer", width: "fit-content" }}>{t("runs.result_json")}</summary>
        <Code block mah={320} style={{ overflow: "auto" }} tabIndex={0}>
          {JSON.stringify(result, null, 2)}
        </Code>
      </details>
    </Stack>
  );
}
