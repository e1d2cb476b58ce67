import { Alert, Button, Group, List, NumberInput, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { asProblem } from "@/api/problem";
import { post } from "@/api/request";
import { useSubmit } from "@/api/runs";
import type { Schemas } from "@/api/types";
import { useTexts } from "@/i18n";
import type { Upload } from "./ChooseFile";
import { ColumnRoles } from "./ColumnRoles";
import { FoundSeries } from "./FoundSeries";

export type Understanding = Schemas["Understanding"];
export type Correction = Record<string, unknown>;

interface Properties {
  upload: Upload;
  understood: Understanding;
  onUnderstood: (found: Understanding) => void;
  onStarted: (run: number) => void;
}

/** What was understood of the file, to be corrected; then the horizon. */
export function CheckUnderstanding({ upload, understood, onUnderstood, onStarted }: Properties) {
  const { t, label, language } = useTexts();
  const [horizon, setHorizon] = useState<number | string>(Math.max(1, understood.season > 1 ? understood.season : 12));
  const submit = useSubmit();
  const correct = useMutation({
    mutationFn: (correction: Correction) =>
      post<Understanding>("/forecast-data/understand", {
        upload: upload.id,
        file_name: upload.name,
        corrections: { ...understood.told, ...correction },
      }),
    onSuccess: onUnderstood,
  });
  const start = (event: FormEvent) => {
    event.preventDefault();
    submit.mutate(
      {
        kind: "autoforecast",
        arguments: { file: { object: upload.id, name: upload.name }, horizon: Number(horizon), understanding: understood, language },
        key: crypto.randomUUID(),
      },
      { onSuccess: (run) => onStarted(run.id) },
    );
  };
  return (
    <form onSubmit={start}>
      <Stack gap="lg">
        <Title order={2} style={{ overflowWrap: "anywhere" }}>
          {t("forecast.understood", { name: upload.name })}
        </Title>
        <List fz="sm" spacing={2}>
          {understood.remarks.map((each) => (
            <List.Item key={each}>{label(each)}</List.Item>
          ))}
        </List>
        {correct.error && <Refused error={correct.error} />}
        <SimpleGrid cols={{ base: 1, xl: understood.columns.length > 0 ? 2 : 1 }} spacing="xl">
          {understood.columns.length > 0 && (
            <ColumnRoles understood={understood} onCorrect={correct.mutate} isPending={correct.isPending} />
          )}
          <FoundSeries series={understood.series} />
        </SimpleGrid>
        <Corrections understood={understood} onCorrect={correct.mutate} isPending={correct.isPending} />
        <Stack gap="xs">
          <Group align="flex-end">
            <NumberInput
              label={t("forecast.horizon")}
              description={t("forecast.horizon_help", { interval: understood.series[0]?.time_interval ?? "" })}
              w={260}
              min={1}
              max={100_000}
              allowDecimal={false}
              required
              value={horizon}
              onChange={setHorizon}
            />
            <Button type="submit" loading={submit.isPending} disabled={!horizon || correct.isPending}>
              {t("forecast.start")}
            </Button>
          </Group>
          {submit.error && <Refused error={submit.error} />}
        </Stack>
      </Stack>
    </form>
  );
}

function Refused({ error }: { error: Error }) {
  return (
    <Alert color="red" role="alert" style={{ overflowWrap: "anywhere" }}>
      {asProblem(error).detail}
    </Alert>
  );
}

interface CorrectionProperties {
  understood: Understanding;
  onCorrect: (correction: Correction) => void;
  isPending: boolean;
}

/** Interval, season and unit: found, and corrected by leaving the field or by Enter, which must not start the forecast. */
function Corrections({ understood, onCorrect, isPending }: CorrectionProperties) {
  const { t } = useTexts();
  const interval = understood.series[0]?.time_interval ?? "";
  const fields = [
    { name: "time_interval", label: t("figure.interval"), help: t("forecast.interval_help"), found: interval },
    { name: "season", label: t("forecast.season"), help: t("forecast.season_help"), found: String(understood.season) },
    { name: "unit", label: t("forecast.unit"), help: t("forecast.unit_help"), found: understood.unit },
  ];
  // What is no number is sent as it is: the server says what is wrong with it. An empty field is found again.
  const told = (name: string, value: string) =>
    name === "unit" ? value : value === "" ? null : name === "season" && !Number.isNaN(Number(value)) ? Number(value) : value;
  return (
    <Stack gap={4}>
      <Group align="flex-start" key={JSON.stringify([understood.told, understood.season, interval])}>
        {fields.map(({ name, label, help, found }) => (
          <TextInput
            key={name}
            label={label}
            description={help}
            w={220}
            inputMode={name === "season" ? "numeric" : undefined}
            defaultValue={found}
            disabled={isPending}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              event.currentTarget.blur();
            }}
            onBlur={({ currentTarget: { value } }) => value.trim() !== found && onCorrect({ [name]: told(name, value.trim()) })}
          />
        ))}
      </Group>
      <Text fz="xs" c="dimmed" role="status">
        {isPending ? t("forecast.reading") : t("forecast.correct_help")}
      </Text>
    </Stack>
  );
}
