import { Button, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { type Pipeline, fieldsOfParameters, useRunPipeline } from "@/api/pipelines";
import { SchemaForm } from "@/form/SchemaForm";
import { useTexts } from "@/i18n";

/** Asks for the parameters of a pipeline, then opens its run. */
export function RunPipelineButton({ pipeline }: { pipeline: Pipeline }) {
  const [opened, { open, close }] = useDisclosure();
  const { t } = useTexts();
  return (
    <>
      <Button onClick={open}>{t("pipelines.run")}</Button>
      <Modal opened={opened} onClose={close} title={t("pipelines.run_of", { name: pipeline.name })} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
        <RunPipelineForm pipeline={pipeline} onCancel={close} />
      </Modal>
    </>
  );
}

function RunPipelineForm({ pipeline, onCancel }: { pipeline: Pipeline; onCancel: () => void }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const run = useRunPipeline();
  // A click that is sent twice starts one run.
  const [key] = useState(() => crypto.randomUUID());
  const fields = fieldsOfParameters(pipeline.definition.parameters);
  return (
    <SchemaForm
      fields={fields}
      further={[]}
      submit={t("run.start")}
      isPending={run.isPending}
      error={run.error}
      onCancel={onCancel}
      onSubmit={(parameters) =>
        run.mutate(
          { name: pipeline.name, version: pipeline.version, parameters, key },
          { onSuccess: (made) => navigate({ to: `/runs/${made.id}` as never }) },
        )
      }
    >
      {fields.length === 0 && <Text>{t("pipelines.no_parameters")}</Text>}
    </SchemaForm>
  );
}
