import { Autocomplete, NumberInput, Select, Switch, TagsInput, TextInput, Textarea } from "@mantine/core";
import type { Field } from "@/api/types";
import { useTexts } from "@/i18n";
import { JsonInput } from "./JsonInput";
import { PartInput } from "./PartFields";
import { RecordSelect, RecordsSelect } from "./RecordSelect";
import { RecipeInput } from "./RecipeInput";
import { TagsField } from "./TagsField";

export interface InputProperties<T = unknown> {
  field: Field;
  value: T;
  onChange: (value: unknown) => void;
  onLeave?: () => void;
  error: string | null;
}

/** Values that people choose most, where a field takes free text. */
const SUGGESTED: Record<string, string[]> = {
  time_interval: ["1y", "3mo", "1mo", "1w", "1d", "1h", "15m", "1m"],
  clean_method: ["drop", "forward", "backward", "linear", "mean", "median", "constant(0)", "seasonal(12)"],
  transform_method: ["none", "minmax", "standard", "robust", "log1p", "difference", "log+difference", "yeojohnson"],
  metamodel: ["LinearRegression", "Ridge", "Lasso", "ElasticNet", "RandomForestRegressor", "GradientBoostingRegressor", "SVR"],
  estimator: ["Ridge", "LinearRegression", "RandomForestRegressor", "HistGradientBoostingRegressor", "KNeighborsRegressor", "SVR"],
  loss: ["mse", "mae", "huber", "log_cosh", "pinball"],
  optimizer: ["adam", "adamw", "rmsprop", "nadam", "sgd", "adagrad", "lion"],
  time_zone: ["UTC", ...(typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [])],
};

const RECIPES: Record<string, string> = { adapter: "adapters", network: "networks" };

/** The input of one field, by its type. */
export function FieldInput(properties: InputProperties) {
  const { field, value, onChange, onLeave, error } = properties;
  const { label: word, t } = useTexts();
  const shared = {
    label: capital(word(field.label)),
    description: word(field.help),
    error,
    required: field.required,
    withAsterisk: field.required,
    onBlur: onLeave,
    name: field.name,
  };
  const text = typeof value === "string" ? value : "";
  const standard = field.default === null || field.default === "" ? undefined : String(field.default);
  // The name of a class does for an estimator, though an object is taken, too.
  if (field.name === "estimator" && field.type === "JSON")
    return <FieldInput {...properties} field={{ ...field, type: "text" }} />;
  if (field.name === "tags") return <TagsField {...properties} />;
  if (RECIPES[field.name]) return <RecipeInput {...properties} kinds={RECIPES[field.name]} />;
  if (field.parameters) return <PartInput {...properties} field={{ ...field, parameters: field.parameters }} />;
  if (field.type === "id") return <RecordSelect {...properties} />;
  if (field.type === "ids") return <RecordsSelect {...properties} />;
  if (field.choices)
    return (
      <Select
        {...shared}
        data={field.choices}
        value={(value as string) ?? (standard && field.choices.includes(standard) ? standard : null)}
        onChange={(chosen) => onChange(chosen ?? undefined)}
        placeholder={standard}
        clearable={!field.required && !standard}
        searchable={field.choices.length > 8}
        clearButtonProps={{ "aria-label": t("form.clear") }}
      />
    );
  switch (field.type) {
    case "true or false":
      return (
        <Switch
          label={shared.label}
          description={shared.description}
          error={error}
          name={field.name}
          checked={(value as boolean) ?? (field.default as boolean) ?? false}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "number":
    case "whole number":
      return (
        <NumberInput
          {...shared}
          value={(value as number) ?? ""}
          onChange={(given) => onChange(given === "" ? undefined : given)}
          placeholder={standard}
          allowDecimal={field.type === "number"}
          step={field.type === "number" && typeof field.default === "number" && field.default <= 1 ? 0.05 : 1}
          hideControls
        />
      );
    case "list":
      return (
        <TagsInput
          {...shared}
          value={(value as string[]) ?? []}
          onChange={(given) => onChange(given.length ? given : undefined)}
          placeholder={t("form.list")}
          clearButtonProps={{ "aria-label": t("form.clear") }}
        />
      );
    case "JSON":
      return <JsonInput {...properties} />;
  }
  if (SUGGESTED[field.name])
    return (
      <Autocomplete
        {...shared}
        data={SUGGESTED[field.name]}
        value={text}
        onChange={onChange}
        limit={50}
        placeholder={standard}
      />
    );
  if (field.name === "description")
    return (
      <Textarea
        {...shared}
        description={t("form.markdown")}
        autosize
        minRows={3}
        maxRows={16}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  return (
    <TextInput
      {...shared}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
      placeholder={field.type === "time" ? "2026-01-31T00:00" : field.required ? undefined : standard}
      autoComplete="off"
    />
  );
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
