import { Table, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./CardTable.module.css";

export interface CardColumn<T> {
  title: string;
  cell: (row: T) => ReactNode;
  /** For what should stay on one line, such as a time. */
  oneLine?: boolean;
  /** For buttons: the title is for screen readers alone. */
  actions?: boolean;
}

interface Properties<T> {
  label: string;
  columns: CardColumn<T>[];
  rows: T[];
}

/** A table of a few columns. On a narrow screen each row is a card of its own. */
export function CardTable<T extends { id: number }>({ label, columns, rows }: Properties<T>) {
  return (
    <Table role="table" aria-label={label} className={classes.cards} verticalSpacing={4} fz="sm" highlightOnHover>
      <Table.Thead role="rowgroup">
        <Table.Tr role="row">
          {columns.map((each) => (
            <Table.Th key={each.title} role="columnheader" scope="col">
              {each.actions ? <VisuallyHidden>{each.title}</VisuallyHidden> : each.title}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody role="rowgroup">
        {rows.map((row) => (
          <Table.Tr key={row.id} role="row">
            {columns.map((each) => (
              <Table.Td
                key={each.title}
                role="cell"
                data-label={each.actions ? undefined : each.title}
                style={each.oneLine ? { whiteSpace: "nowrap" } : undefined}
              >
                {each.cell(row)}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
