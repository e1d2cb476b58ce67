import { ActionIcon, Checkbox, Popover, ScrollArea, Stack, TagsInput, Text, Tooltip } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconColumns } from "@tabler/icons-react";
import { useMemo } from "react";
import type { Collection, Column } from "@/api/types";
import { useTexts } from "@/i18n";

interface Remembered {
  columns: string[] | null;
  facts: string[];
}

export interface Chosen {
  columns: Column[];
  facts: string[];
  set: (change: Partial<Remembered>) => void;
}

const NOTHING: Remembered = { columns: null, facts: [] };

/** The columns to show, remembered for each collection; at first the listed ones. Only these are fetched. */
export function useChosenColumns(collection: Collection, known: Column[]): Chosen {
  const initial = collection === "models" ? { columns: null, facts: ["loss"] } : NOTHING;
  const [remembered, setRemembered] = useLocalStorage<Remembered>({
    key: `columns.${collection}`,
    defaultValue: initial,
    getInitialValueInEffect: false,
  });
  const columns = useMemo(
    () => known.filter((each) => (remembered.columns ? remembered.columns.includes(each.name) : each.listed)),
    [known, remembered.columns],
  );
  return { columns, facts: remembered.facts, set: (change) => setRemembered({ ...remembered, ...change }) };
}

export function ColumnPicker({ known, chosen, hasFacts }: { known: Column[]; chosen: Chosen; hasFacts: boolean }) {
  const { t, label } = useTexts();
  const shown = chosen.columns.map((each) => each.name);
  return (
    <Popover position="bottom-end" withArrow trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label={t("table.columns")}>
          <ActionIcon variant="default" size="lg" aria-label={t("table.columns")}>
            <IconColumns size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown w={300} aria-label={t("table.columns")}>
        <Stack gap="sm">
          {hasFacts && (
            <TagsInput
              label={t("table.facts")}
              description={t("table.facts_help")}
              placeholder="loss"
              value={chosen.facts}
              onChange={(facts) => chosen.set({ facts })}
            />
          )}
          <ScrollArea.Autosize mah={320} type="auto">
            <Checkbox.Group value={shown} onChange={(columns) => columns.length && chosen.set({ columns })}>
              <Stack gap={6}>
                {known.map((each) => (
                  <Checkbox
                    key={each.name}
                    value={each.name}
                    size="xs"
                    label={label(each.label)}
                    title={label(each.help)}
                  />
                ))}
              </Stack>
            </Checkbox.Group>
          </ScrollArea.Autosize>
          <Text fz="xs" c="dimmed">
            {t("table.columns_help")}
          </Text>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
