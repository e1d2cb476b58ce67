import { type ComboboxItem, MultiSelect, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useItem, useList } from "@/api/queries";
import { type Collection, collectionOf } from "@/api/types";
import { useTexts } from "@/i18n";
import { nameContains } from "@/table/filters";
import { type InputProperties, capital } from "./FieldInput";

const SHOWN = 50;

function useOptions(collection: Collection, text: string): ComboboxItem[] {
  const { t } = useTexts();
  const [wanted] = useDebouncedValue(text, 200);
  // The text of a chosen record is not a search.
  const where = wanted && !/\(\d+\)$/.test(wanted) ? nameContains(wanted) : undefined;
  const list = useList(collection, { where, limit: SHOWN, order_by: "id desc", columns: ["name"] });
  return (list.data?.pages[0]?.items ?? []).map((item) => ({
    value: String(item.id),
    label: `${item.name || t(`one.${collection}`)} (${item.id})`,
  }));
}

const asIs = ({ options }: { options: unknown[] }) => options as never;

/** Chooses one record; what is typed is searched for on the server. */
export function RecordSelect({ field, value, onChange, onLeave, error }: InputProperties) {
  const { t, label: word } = useTexts();
  const [text, setText] = useState("");
  const collection = collectionOf(field.entity!);
  const options = useOptions(collection, text);
  const chosen = value === undefined || value === null ? null : String(value);
  const isMissing = chosen !== null && !options.some((each) => each.value === chosen);
  const { data: item } = useItem(collection, Number(chosen), isMissing);
  const data =
    isMissing && item
      ? [{ value: String(item.id), label: `${item.name || t(`one.${collection}`)} (${item.id})` }, ...options]
      : options;
  return (
    <Select
      label={capital(word(field.label))}
      description={word(field.help)}
      error={error}
      required={field.required}
      withAsterisk={field.required}
      name={field.name}
      data={data}
      value={chosen}
      onChange={(id) => onChange(id === null ? undefined : Number(id))}
      searchable
      searchValue={text}
      onSearchChange={setText}
      filter={asIs}
      clearable={!field.required}
      clearButtonProps={{ "aria-label": t("form.clear") }}
      nothingFoundMessage={t("form.no_record")}
      onBlur={onLeave}
      placeholder={t("form.search")}
    />
  );
}

/** Chooses several records, in the order in which they were chosen. */
export function RecordsSelect({ field, value, onChange, onLeave, error }: InputProperties) {
  const { t, label: word } = useTexts();
  const [text, setText] = useState("");
  const [known, setKnown] = useState<Record<string, ComboboxItem>>({});
  const collection = collectionOf(field.entity!);
  const options = useOptions(collection, text);
  const chosen = ((value as number[] | undefined) ?? []).map(String);
  const kept = chosen
    .filter((id) => !options.some((each) => each.value === id))
    .map((id) => known[id] ?? { value: id, label: `${t(`one.${collection}`)} ${id}` });
  const change = (ids: string[]) => {
    setKnown((all) => ({ ...all, ...Object.fromEntries(options.map((each) => [each.value, each])) }));
    onChange(ids.length ? ids.map(Number) : undefined);
  };
  return (
    <MultiSelect
      label={capital(word(field.label))}
      description={word(field.help)}
      error={error}
      required={field.required}
      withAsterisk={field.required}
      data={[...kept, ...options]}
      value={chosen}
      onChange={change}
      searchable
      searchValue={text}
      onSearchChange={setText}
      filter={asIs}
      hidePickedOptions
      clearable
      clearButtonProps={{ "aria-label": t("form.clear") }}
      nothingFoundMessage={t("form.no_record")}
      onBlur={onLeave}
      placeholder={chosen.length ? undefined : t("form.search")}
    />
  );
}
