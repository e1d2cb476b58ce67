import { Alert, Button, Group, Loader, Select, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { type Pattern, usePatterns, usePipeline, usePipelineCheck, useSavePipeline } from "@/api/pipelines";
import { asProblem } from "@/api/problem";
import { useTexts } from "@/i18n";
import { AppLink, LinkButton } from "@/shell/AppLink";
import { useTitle } from "@/shell/title";
import { StepGraph } from "./StepGraph";
import { YamlEditor } from "./YamlEditor";
import { stepsOf } from "./graph";

/** Milliseconds without a key after which the text is checked. */
const PAUSE = 350;

/** A new version of a pipeline. */
export default function EditPipelinePage() {
  const { t } = useTexts();
  const { name } = useParams({ strict: false }) as { name: string };
  const { version } = useSearch({ strict: false }) as { version?: number };
  const { data, error } = usePipeline(name, version);
  useTitle(name);
  if (error)
    return (
      <Alert color="red" role="alert">
        {asProblem(error).detail}
      </Alert>
    );
  return data ? <Editor key={data.id} text={data.text} name={name} /> : <Loader aria-label={t("state.loading")} />;
}

/** A new pipeline, beginning with a pattern. */
export function NewPipeline() {
  const { t } = useTexts();
  useTitle(t("pipelines.new"));
  const { data } = usePatterns();
  return data ? <Editor text={data.items[0].text} name={null} patterns={data.items} /> : <Loader aria-label={t("state.loading")} />;
}

interface EditorProperties {
  text: string;
  /** null for a new one. */
  name: string | null;
  patterns?: Pattern[];
}

function Editor({ text: initial, name, patterns = [] }: EditorProperties) {
  const { t, label } = useTexts();
  const navigate = useNavigate();
  const [text, setText] = useState(initial);
  const [pattern, setPattern] = useState<Pattern | null>(patterns[0] ?? null);
  const [checked] = useDebouncedValue(text, PAUSE);
  const check = usePipelineCheck(checked);
  const save = useSavePipeline();
  const found = check.data;
  const isCurrent = checked === text && !check.isFetching;
  const refused = save.error ? asProblem(save.error).detail : null;
  const message = found?.problem?.detail ?? refused;
  const definition = found?.definition;
  return (
    <Stack>
      <Stack gap={4} component="header">
        <AppLink to="/pipelines" fz="sm">
          {t("nav.pipelines")}
        </AppLink>
        <Title order={1}>{name ? t("pipelines.edit_of", { name }) : t("pipelines.new")}</Title>
        <Text c="dimmed">{name ? t("pipelines.edit_about") : t("pipelines.new_about")}</Text>
      </Stack>
      {patterns.length > 0 && (
        <Select
          label={t("pipelines.pattern")}
          description={label(pattern?.description ?? "")}
          maw={640}
          allowDeselect={false}
          data={patterns.map((each) => each.name)}
          value={pattern?.name ?? null}
          onChange={(next) => {
            const chosen = patterns.find((each) => each.name === next) ?? null;
            setPattern(chosen);
            if (chosen) setText(chosen.text);
          }}
        />
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <YamlEditor label={t("pipelines.text")} value={text} onChange={setText} message={message ?? null} line={found?.line ?? null} />
        <Stack gap="xs" component="section" aria-label={t("pipelines.preview")}>
          <Text fw={500} fz="sm" mb={-4}>
            {t("pipelines.preview")}
          </Text>
          {definition ? (
            <StepGraph steps={stepsOf(definition)} label={t("pipelines.graph")} isVertical />
          ) : (
            <Text c="dimmed">{found ? t("pipelines.no_preview") : t("state.loading")}</Text>
          )}
          {definition && name && definition.name !== name && <Alert color="yellow">{t("pipelines.renamed", { name: definition.name })}</Alert>}
        </Stack>
      </SimpleGrid>
      <Group justify="flex-end">
        <LinkButton variant="default" to={name ? `/pipelines/${encodeURIComponent(name)}` : "/pipelines"}>
          {t("action.cancel")}
        </LinkButton>
        <Button
          loading={save.isPending}
          disabled={isCurrent && !definition}
          onClick={() =>
            save.mutate(text, {
              onSuccess: (made) => navigate({ to: `/pipelines/${encodeURIComponent(made.name)}` as never }),
            })
          }
        >
          {t("action.save")}
        </Button>
      </Group>
    </Stack>
  );
}
