import { Select, Stack, Table, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/types";
import { type Key, useTexts } from "@/i18n";
import type { Correction, Understanding } from "./CheckUnderstanding";

type Column = Schemas["UnderstoodColumn"];

/** What a column may be, by what it contains. */
const ROLES: Record<string, string[]> = {
  times: ["time", "left out"],
  numbers: ["value", "known", "past", "series", "time", "left out"],
  texts: ["series", "static", "hierarchy", "value", "time", "left out"],
};
/** Roles that several columns may have, beside the value of a wide table. */
const OF_MANY = ["known", "past", "static", "hierarchy"];

const textOf = (role: string) => `forecast.role_${role.replace(" ", "_")}` as Key;

interface Properties {
  understood: Understanding;
  onCorrect: (correction: Correction) => void;
  isPending: boolean;
}

/** The columns of the file with their meaning, each to be corrected. */
export function ColumnRoles({ understood, onCorrect, isPending }: Properties) {
  const { t } = useTexts();
  return (
    <Stack gap="xs" component="section" aria-label={t("forecast.columns")}>
      <Title order={3}>{t("forecast.columns")}</Title>
      <Table.ScrollContainer minWidth={420} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table verticalSpacing={4} aria-label={t("forecast.columns")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("forecast.column")}</Table.Th>
              <Table.Th scope="col">{t("forecast.role")}</Table.Th>
              <Table.Th scope="col">{t("forecast.examples")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {understood.columns.map((each) => (
              <Table.Tr key={each.name}>
                <Table.Th scope="row" fw={500}>
                  {each.name}
                </Table.Th>
                <Table.Td>
                  <Select
                    size="xs"
                    w={170}
                    aria-label={t("forecast.role_of", { name: each.name })}
                    data={rolesOf(each).map((role) => ({ value: role, label: t(textOf(role)) }))}
                    value={each.role}
                    allowDeselect={false}
                    disabled={isPending}
                    onChange={(role) => role && role !== each.role && onCorrect(correctionOf(understood, each, role))}
                  />
                  {each.could_be && (
                    <Text fz="xs" c="dimmed" mt={2}>
                      {t("forecast.could_be", { role: t(textOf(each.could_be)) })}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td fz="sm" c="dimmed">
                  {each.examples.join(", ")}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

const rolesOf = ({ content, role }: Column): string[] => [...new Set([...(ROLES[content] ?? ROLES.texts), role])];

/** What is told about the table when one of its columns is to have another role. */
function correctionOf({ columns, told }: Understanding, column: Column, role: string): Correction {
  const others = (of: string) => columns.filter((each) => each.role === of && each.name !== column.name).map((each) => each.name);
  const isLong = others("series").length > 0 || role === "series";
  const values = role === "value" ? (isLong ? [column.name] : [...others("value"), column.name]) : others("value");
  const apart = [told.leave_out ?? []].flat().filter((each) => each !== column.name);
  const one = (names: string[]) => (names.length > 1 ? names : (names[0] ?? null));
  return {
    time: role === "time" ? column.name : one(others("time")),
    series: role === "series" ? column.name : one(others("series")),
    value: one(isLong ? values.slice(0, 1) : values),
    leave_out: role === "left out" ? [...apart, column.name] : apart.length > 0 ? apart : null,
    ...Object.fromEntries(OF_MANY.map((each) => [each, [...others(each), ...(role === each ? [column.name] : [])]])),
  };
}
