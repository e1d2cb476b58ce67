import { Stack, Stepper, Text, Title } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useRun } from "@/api/runs";
import { useTexts } from "@/i18n";
import { useTitle } from "@/shell/title";
import { ChooseFile, type Upload } from "./ChooseFile";
import { CheckUnderstanding, type Understanding } from "./CheckUnderstanding";
import { ForecastResult } from "./ForecastResult";

/** From a file to forecasts: drop it, look at what was understood, choose the horizon, watch, look, download. */
export default function ForecastPage() {
  const { t } = useTexts();
  const navigate = useNavigate();
  const { run } = useSearch({ strict: false }) as { run?: number };
  const [upload, setUpload] = useState<Upload | null>(null);
  const [understood, setUnderstood] = useState<Understanding | null>(null);
  useTitle(t("nav.forecast"));
  const isFinished = useRun(run ?? null).data?.state === "succeeded";
  const step = run ? (isFinished ? 3 : 2) : upload && understood ? 1 : 0;
  return (
    <Stack gap="lg">
      <Title order={1}>{t("nav.forecast")}</Title>
      <Stepper
        active={step}
        size="sm"
        allowNextStepsSelect={false}
        onStepClick={(chosen) => {
          if (chosen === 0) setUnderstood(null);
          if (chosen < 2 && run) void navigate({ to: "/forecast" as never, search: {} as never });
        }}
      >
        <Stepper.Step label={t("forecast.step_file")}>
          <Stack maw={760}>
            <Text>{t("forecast.about")}</Text>
            <ChooseFile
              onUnderstood={(file, found) => {
                setUpload(file);
                setUnderstood(found);
              }}
            />
          </Stack>
        </Stepper.Step>
        <Stepper.Step label={t("forecast.step_check")}>
          {upload && understood && (
            <CheckUnderstanding
              upload={upload}
              understood={understood}
              onUnderstood={setUnderstood}
              onStarted={(id) => navigate({ to: "/forecast" as never, search: { run: id } as never })}
            />
          )}
        </Stepper.Step>
        <Stepper.Step label={t("forecast.step_result")} />
      </Stepper>
      {run && <ForecastResult key={run} run={run} />}
    </Stack>
  );
}
