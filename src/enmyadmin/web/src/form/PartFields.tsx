import { Card, Input, SimpleGrid } from "@mantine/core";
import { useState } from "react";
import type { Field, Json } from "@/api/types";
import { useTexts } from "@/i18n";
import { FieldInput, type InputProperties, capital } from "./FieldInput";
import { check } from "./check";

interface Properties {
  parameters: Field[];
  value: Record<string, unknown>;
  onChange: (value: Record<string, unknown>) => void;
}

/** The parameters of an object, each with its default; what is left empty is left out. */
export function PartFields({ parameters, value, onChange }: Properties) {
  const { t } = useTexts();
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  return (
    <Card withBorder p="sm">
      <SimpleGrid cols={{ base: 1, sm: parameters.length > 3 ? 2 : 1 }} spacing="sm">
        {parameters.map((each) => {
          const wrong = left.has(each.name) ? check(each, value[each.name]) : null;
          return (
            <FieldInput
              key={each.name}
              field={each}
              value={value[each.name]}
              onChange={(given) => {
                const { [each.name]: _, ...rest } = value;
                onChange(given === undefined || given === "" ? rest : { ...rest, [each.name]: given as Json });
              }}
              onLeave={() => setLeft((all) => new Set(all).add(each.name))}
              error={wrong && t(wrong)}
            />
          );
        })}
      </SimpleGrid>
    </Card>
  );
}

/** A field whose value is an object with known parameters. */
export function PartInput({ field, value, onChange, error }: InputProperties & { field: Field & { parameters: Field[] } }) {
  const { label: word } = useTexts();
  return (
    <Input.Wrapper label={capital(word(field.label))} error={error}>
      <PartFields
        parameters={field.parameters}
        value={(value ?? {}) as Record<string, unknown>}
        onChange={(given) => onChange(Object.keys(given).length > 0 ? given : undefined)}
      />
    </Input.Wrapper>
  );
}
