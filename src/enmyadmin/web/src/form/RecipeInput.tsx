import { Select, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { get } from "@/api/request";
import type { Field } from "@/api/types";
import { useTexts } from "@/i18n";
import { PartFields } from "./PartFields";
import { type InputProperties, capital } from "./FieldInput";
import { JsonInput } from "./JsonInput";

export interface Recipe {
  name: string;
  help: string;
  parameters: Field[];
}

export function useRecipes(kinds: string) {
  return useQuery({
    queryKey: ["recipes", kinds],
    queryFn: ({ signal }) => get<{ items: Recipe[] }>(`/${kinds}`, undefined, signal),
    staleTime: Infinity,
  });
}

/** A recipe: its name, and below it the parameters of that kind, each with its default. */
export function RecipeInput(properties: InputProperties & { kinds: string }) {
  const { field, value, onChange, onLeave, error, kinds } = properties;
  const { t, label: word } = useTexts();
  const recipes = useRecipes(kinds);
  const given = (value ?? {}) as { name?: string; [parameter: string]: unknown };
  const recipe = recipes.data?.items.find((each) => each.name === given.name);
  if (recipes.error || typeof value === "string") return <JsonInput {...properties} />;
  return (
    <Stack gap="xs">
      <Select
        label={capital(word(field.label))}
        description={word(field.help)}
        error={error}
        required={field.required}
        withAsterisk={field.required}
        data={recipes.data?.items.map((each) => each.name) ?? []}
        value={given.name ?? null}
        onChange={(name) => onChange(name === null ? undefined : { name })}
        searchable
        clearable={!field.required}
        clearButtonProps={{ "aria-label": t("form.clear") }}
        onBlur={onLeave}
      />
      {recipe && recipe.parameters.length > 0 && (
        <PartFields key={recipe.name} parameters={recipe.parameters} value={given} onChange={onChange} />
      )}
    </Stack>
  );
}
