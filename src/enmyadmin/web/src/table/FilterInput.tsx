import { ActionIcon, Code, Popover, Stack, Text, TextInput } from "@mantine/core";
import { IconFilter, IconHelp } from "@tabler/icons-react";
import { type FormEvent, useEffect, useState } from "react";
import type { Column } from "@/api/types";
import { useTexts } from "@/i18n";

interface Properties {
  where: string;
  onWhere: (where: string) => void;
  problem: string | null;
  columns: Column[];
  hasFacts: boolean;
  label: string;
}

const EXAMPLES = ["name ilike '%lag%'", "id in (3, 5) or tags.kind = 'lstm'", "not (created_at < '2026-01-01')"];
const FACT_EXAMPLES = ["meta.loss < 0.01 and (meta.epochs > 50 or name = 'Lag 7')"];

/** The field of the filter language. It is applied by Enter or on leaving the field. */
export function FilterInput({ where, onWhere, problem, columns, hasFacts, label }: Properties) {
  const { t } = useTexts();
  const [text, setText] = useState(where);
  useEffect(() => setText(where), [where]);
  const apply = () => text !== where && onWhere(text.trim());
  const send = (event: FormEvent) => {
    event.preventDefault();
    apply();
  };
  return (
    <form onSubmit={send} style={{ flex: "1 1 18rem", maxWidth: "44rem" }} role="search" aria-label={label}>
      <TextInput
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={apply}
        aria-label={label}
        placeholder={t("table.filter")}
        error={problem}
        spellCheck={false}
        autoComplete="off"
        leftSection={<IconFilter size={16} aria-hidden />}
        rightSection={
          <Popover width={380} position="bottom-end" withArrow trapFocus returnFocus>
            <Popover.Target>
              <ActionIcon variant="subtle" aria-label={t("table.filter_help")}>
                <IconHelp size={18} aria-hidden />
              </ActionIcon>
            </Popover.Target>
            <Popover.Dropdown aria-label={t("table.filter_help")}>
              <Stack gap="xs" fz="sm">
                <Text inherit>{t("filter.about")}</Text>
                {[...(hasFacts ? FACT_EXAMPLES : []), ...EXAMPLES].map((each) => (
                  <Code key={each} block>
                    {each}
                  </Code>
                ))}
                <Text inherit c="dimmed">
                  {t("filter.columns")} {columns.map((each) => each.name).join(", ")}
                  {hasFacts && ", meta.…"}, tags.…
                </Text>
              </Stack>
            </Popover.Dropdown>
          </Popover>
        }
      />
    </form>
  );
}
