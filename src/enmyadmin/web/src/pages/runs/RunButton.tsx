import { Button, type ButtonProps, Loader, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useKinds, useSubmit } from "@/api/runs";
import { SchemaForm, type Values } from "@/form/SchemaForm";
import { useTexts } from "@/i18n";

interface Properties extends ButtonProps {
  kind: string;
  /** Arguments that the page gives. */
  given: Values;
  children: ReactNode;
}

/** Starts long work: asks for the arguments that are not given, then opens the run. */
export function RunButton({ kind, given, children, ...button }: Properties) {
  const [opened, { open, close }] = useDisclosure();
  const { t } = useTexts();
  return (
    <>
      <Button {...button} onClick={open}>
        {children}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={children}
        size="lg"
        closeButtonProps={{ "aria-label": t("action.close") }}
      >
        <RunForm kind={kind} given={given} onCancel={close} />
      </Modal>
    </>
  );
}

function RunForm({ kind, given, onCancel }: { kind: string; given: Values; onCancel: () => void }) {
  const { t } = useTexts();
  const { data: kinds } = useKinds();
  const navigate = useNavigate();
  const submit = useSubmit();
  // A click that is sent twice starts one run.
  const [key] = useState(() => crypto.randomUUID());
  const known = kinds?.find((each) => each.name === kind);
  if (!known) return <Loader aria-label={t("state.loading")} />;
  const fields = known.fields;
  const optional = fields.filter((each) => !each.required).map((each) => each.name);
  return (
    <SchemaForm
      fields={fields}
      given={given}
      further={optional.length > 3 ? optional : []}
      submit={t("run.start")}
      isPending={submit.isPending}
      error={submit.error}
      onCancel={onCancel}
      onSubmit={(values) =>
        submit.mutate(
          { kind, arguments: values, key },
          { onSuccess: (run) => navigate({ to: `/runs/${run.id}` as never }) },
        )
      }
    />
  );
}
