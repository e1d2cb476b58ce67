import { useNavigate } from "@tanstack/react-router";
import { type Registered, useChangeRegistered, useCreateRegistered } from "@/api/registry";
import type { Field, Json } from "@/api/types";
import { SchemaForm, type Values } from "@/form/SchemaForm";
import { useTexts } from "@/i18n";
import { FURTHER_GATES, GATES } from "./gates";

const field = (name: string, required: boolean): Field => ({
  name,
  label: name,
  help: "",
  type: "text",
  required,
  default: null,
  choices: null,
  entity: null,
});

/** A name for versions, with the gates that they have to pass. */
export function RegisteredForm({ registered, onDone }: { registered: Registered | null; onDone: () => void }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const create = useCreateRegistered();
  const change = useChangeRegistered(registered?.name ?? "");
  const gates: Record<string, Json> = { ...registered?.gates } as Record<string, Json>;
  const send = ({ name, description = "", ...rest }: Values) => {
    // What is left empty is not asked for.
    const asked = Object.fromEntries(GATES.map((each) => [each.name, rest[each.name] ?? each.default]));
    const values = { description: String(description), gates: asked };
    if (registered) change.mutate(values, { onSuccess: onDone });
    else
      create.mutate(
        { name: String(name), ...values },
        { onSuccess: (made) => navigate({ to: `/registry/${encodeURIComponent(made.name)}` as never }) },
      );
  };
  const saved = registered ? change : create;
  return (
    <SchemaForm
      fields={[...(registered ? [] : [field("name", true)]), field("description", false), ...GATES]}
      initial={registered ? { description: registered.description, ...gates } : {}}
      further={FURTHER_GATES}
      submit={t("action.save")}
      isPending={saved.isPending}
      error={saved.error}
      onCancel={onDone}
      onSubmit={send}
    />
  );
}
