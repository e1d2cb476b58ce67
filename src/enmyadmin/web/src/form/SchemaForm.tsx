import { Accordion, Alert, Button, Group, Stack } from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { asProblem } from "@/api/problem";
import type { Field } from "@/api/types";
import { useTexts } from "@/i18n";
import { FieldInput } from "./FieldInput";
import { check } from "./check";

export type Values = Record<string, unknown>;

interface Properties {
  fields: Field[];
  initial?: Values;
  /** Values that the page gives, which are not asked for, such as the source of a snapshot. */
  given?: Values;
  submit: string;
  isPending: boolean;
  error: unknown;
  onSubmit: (values: Values) => void;
  onCancel?: () => void;
  /** Fields that most people leave as they are; they open on request. */
  further?: string[];
  children?: ReactNode;
}

/** One form for everything that has fields: asks only what is not given, checks while typing, shows refusals at their field. */
export function SchemaForm({
  fields,
  initial = {},
  given = {},
  submit,
  isPending,
  error,
  onSubmit,
  onCancel,
  further = ["description", "tags"],
  children,
}: Properties) {
  const { t } = useTexts();
  const [values, setValues] = useState<Values>(initial);
  const [touched, setTouched] = useState<Set<string>>(new Set());
  const [sent, setSent] = useState<Values | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const problem = error ? asProblem(error) : null;
  const asked = fields.filter((each) => !(each.name in given));
  const first = asked.filter((each) => !further.includes(each.name));
  const rest = asked.filter((each) => further.includes(each.name));
  // A problem deep inside a field is one of the field.
  const place = problem?.field?.split(".").findLast((name) => asked.some((each) => each.name === name));
  const ofField = asked.find((each) => each.name === place);

  const messageOf = (field: Field): string | null => {
    // What the server refused stays at the field until the field changes.
    if (ofField === field && sent && sent[field.name] === values[field.name]) return problem!.detail;
    const missing = check(field, values[field.name]);
    return missing && touched.has(field.name) ? t(missing) : null;
  };
  useEffect(() => {
    if (problem) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [error]);

  const send = (event: FormEvent) => {
    event.preventDefault();
    const wrong = asked.find((each) => check(each, values[each.name]));
    if (wrong) {
      setTouched(new Set(asked.map((each) => each.name)));
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
      return;
    }
    setSent(values);
    const filled = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
    onSubmit({ ...Object.fromEntries(filled), ...given });
  };
  const inputOf = (field: Field) => (
    <FieldInput
      key={field.name}
      field={field}
      value={values[field.name]}
      onChange={(value) => setValues((all) => ({ ...all, [field.name]: value }))}
      onLeave={() => setTouched((all) => new Set(all).add(field.name))}
      error={messageOf(field)}
    />
  );
  return (
    <form ref={form} onSubmit={send} noValidate>
      <Stack>
        {first.map(inputOf)}
        {children}
        {rest.length > 0 && (
          <Accordion variant="contained" chevronPosition="left" order={2}>
            <Accordion.Item value="further">
              <Accordion.Control>{t("form.further")}</Accordion.Control>
              <Accordion.Panel>
                <Stack>{rest.map(inputOf)}</Stack>
              </Accordion.Panel>
            </Accordion.Item>
          </Accordion>
        )}
        {problem && !ofField && (
          <Alert color="red" role="alert" style={{ overflowWrap: "anywhere" }}>
            {problem.detail}
          </Alert>
        )}
        <Group justify="flex-end">
          {onCancel && (
            <Button variant="default" onClick={onCancel}>
              {t("action.cancel")}
            </Button>
          )}
          <Button type="submit" loading={isPending}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
