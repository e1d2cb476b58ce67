import { Text } from "@mantine/core";
import type { Collection, Column, Item, Json } from "@/api/types";
import { collectionOf, isEntity } from "@/api/types";
import { AppLink } from "@/shell/AppLink";
import { partName, useTexts } from "@/i18n";
import { formatNumber, formatTime, summary } from "./format";

const NUMBERS = ["number", "whole number"];

export const isNumeric = (column: Column): boolean =>
  (NUMBERS.includes(column.type) || column.name === "id") && !parentOf(column);

/** The entity that an id column such as `data_source_id` points to. */
function parentOf(column: Column): string | null {
  const name = column.name.endsWith("_id") ? column.name.slice(0, -3) : null;
  return name && isEntity(name) ? name : null;
}

interface Properties {
  item: Item;
  column: Column;
  collection: Collection;
  /** Of numbers in a table, which are equal in a column. */
  decimals?: number;
}

/** One value of a record: links for records, local time for times, aligned figures for numbers. */
export function Cell({ item, column, collection, decimals }: Properties) {
  const { t, label, language } = useTexts();
  const value = item[column.name];
  if (column.name === "name" || (column.name === "id" && !("name" in item)))
    return <AppLink to={`/${collection}/${item.id}`}>{item.name || `${t(`one.${collection}`)} ${item.id}`}</AppLink>;
  const parent = parentOf(column);
  if (parent && isEntity(parent) && value !== null && value !== undefined) {
    const target = collectionOf(parent);
    return <AppLink to={`/${target}/${value}`}>{item.parents?.[parent]?.name || `${t(`one.${target}`)} ${value}`}</AppLink>;
  }
  if (value === null || value === undefined || value === "")
    return (
      <Text span inherit c="dimmed">
        –
      </Text>
    );
  if (column.type === "time" || /_at$/.test(column.name)) return <>{formatTime(value as string | number, language)}</>;
  if (typeof value === "number" && column.type === "number" && decimals !== undefined)
    return <>{value.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}</>;
  if (typeof value === "number") return <>{formatNumber(value, language)}</>;
  if (typeof value === "boolean") return <>{t(value ? "value.yes" : "value.no")}</>;
  if (typeof value === "object") return <>{summary(value as Json)}</>;
  // The library writes it, not a person.
  if (column.name === "quarantine") return <>{label(String(value))}</>;
  return <>{column.name === "part" ? partName(String(value), t) : String(value)}</>;
}

Cell.Fact = function Fact({ value, decimals }: { value: Json | undefined; decimals: number }) {
  const { language } = useTexts();
  if (value === null || value === undefined)
    return (
      <Text span inherit c="dimmed">
        –
      </Text>
    );
  if (typeof value !== "number") return <>{summary(value)}</>;
  return <>{value.toLocaleString(language, { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}</>;
};
