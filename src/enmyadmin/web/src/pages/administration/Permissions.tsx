import { Stack, Table, Text, Title } from "@mantine/core";
import type { Permissions as Found } from "@/api/policies";
import { useTexts } from "@/i18n";

/** So many names of tables are written out. */
const FEW = 3;

/** Who may do what, as the policies in force decide it: by action and role the tables. */
export function Permissions({ found }: { found: Found }) {
  const { t } = useTexts();
  const roles = Object.keys(found.roles);
  const shown = (tables: string[]) => {
    if (tables.length === 0) return <span aria-label={t("policies.nothing")}>–</span>;
    if (tables.length === found.tables.length) return t("policies.everything");
    const isMost = found.tables.length - tables.length <= FEW;
    const listed = isMost ? found.tables.filter((each) => !tables.includes(each)) : tables;
    const names = listed.map((each) => each.replaceAll("_", " ")).join(", ");
    if (isMost) return t("policies.all_but", { names });
    return tables.length <= FEW ? names : <span title={names}>{t("policies.tables", { n: tables.length })}</span>;
  };
  return (
    <Stack gap="xs" component="section" aria-label={t("policies.who")}>
      <Title order={2}>{t("policies.who")}</Title>
      <Text fz="sm" c="dimmed">
        {t("policies.who_about")}
      </Text>
      <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={t("policies.who")} verticalSpacing={4} fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("policies.action")}</Table.Th>
              {roles.map((role) => (
                <Table.Th key={role} scope="col">
                  {t(`role.${role}` as "role.viewer")}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {Object.keys(found.roles[roles[0]] ?? {}).map((action) => (
              <Table.Tr key={action}>
                <Table.Th scope="row" fw={500} translate="no">
                  {action}
                </Table.Th>
                {roles.map((role) => (
                  <Table.Td key={role}>{shown(found.roles[role][action])}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
