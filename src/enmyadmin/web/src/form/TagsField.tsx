import { ActionIcon, Button, Fieldset, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTexts } from "@/i18n";
import { type InputProperties, capital } from "./FieldInput";

type Row = [key: string, value: string];

const shown = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** Values that look like JSON are kept as JSON, all others as text. */
function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Free keys and values. */
export function TagsField({ field, value, onChange, error }: InputProperties) {
  const { t, label: word } = useTexts();
  const [rows, setRows] = useState<Row[]>(Object.entries((value as object) ?? {}).map(([key, each]) => [key, shown(each)]));
  const change = (next: Row[]) => {
    setRows(next);
    const filled = next.filter(([key]) => key.trim());
    onChange(Object.fromEntries(filled.map(([key, text]) => [key.trim(), read(text)])));
  };
  return (
    <Fieldset legend={capital(word(field.label))}>
      <Stack gap="xs">
        <Text fz="xs" c="dimmed">
          {word(field.help)}
        </Text>
        {rows.map(([key, text], place) => (
          <Group key={place} gap="xs" wrap="nowrap">
            <TextInput
              flex={1}
              aria-label={t("tags.key")}
              placeholder={t("tags.key")}
              value={key}
              onChange={(event) => change(rows.with(place, [event.currentTarget.value, text]))}
            />
            <TextInput
              flex={2}
              aria-label={t("tags.value")}
              placeholder={t("tags.value")}
              value={text}
              onChange={(event) => change(rows.with(place, [key, event.currentTarget.value]))}
            />
            <ActionIcon
              variant="subtle"
              aria-label={t("tags.remove", { key: key || place + 1 })}
              onClick={() => change(rows.toSpliced(place, 1))}
            >
              <IconX size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        {error && (
          <Text fz="xs" c="var(--mantine-color-error)">
            {error}
          </Text>
        )}
        <Group>
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => setRows([...rows, ["", ""]])}
          >
            {t("tags.add")}
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}
