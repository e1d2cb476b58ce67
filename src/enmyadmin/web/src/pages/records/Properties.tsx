import { Accordion, Table } from "@mantine/core";
import { useSchema } from "@/api/queries";
import type { Collection, Item } from "@/api/types";
import { Cell } from "@/table/Cell";
import { useTexts } from "@/i18n";
import { capital } from "@/form/FieldInput";

const ELSEWHERE = ["name", "description", "tags"];

/** All columns of a record with their values. */
export function Properties({ collection, item }: { collection: Collection; item: Item }) {
  const { t, label } = useTexts();
  const { data: schema } = useSchema();
  const columns = (schema?.[collection].columns ?? []).filter(
    ({ name }) => !ELSEWHERE.includes(name) && item[name] !== null && item[name] !== undefined && item[name] !== "",
  );
  return (
    <Accordion variant="contained" order={2}>
      <Accordion.Item value="properties">
        <Accordion.Control>{t("properties.title")}</Accordion.Control>
        <Accordion.Panel>
          <Table withRowBorders layout="auto" verticalSpacing={4}>
            <Table.Tbody>
              {columns.map((column) => (
                <Table.Tr key={column.name}>
                  <Table.Th scope="row" title={label(column.help)} w="14rem">
                    {capital(label(column.label))}
                  </Table.Th>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>
                    <Cell item={item} column={column} collection={collection} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
