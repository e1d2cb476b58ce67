import { JsonInput as MantineJson } from "@mantine/core";
import { useState } from "react";
import { useTexts } from "@/i18n";
import { type InputProperties, capital } from "./FieldInput";

/** A field of free JSON; while the text is no JSON, the value is that text, which the form refuses. */
export function JsonInput({ field, value, onChange, onLeave, error }: InputProperties) {
  const { label: word } = useTexts();
  const [text, setText] = useState(value === undefined || value === null ? "" : JSON.stringify(value, null, 2));
  const change = (given: string) => {
    setText(given);
    try {
      onChange(given.trim() ? JSON.parse(given) : undefined);
    } catch {
      onChange(given);
    }
  };
  return (
    <MantineJson
      label={capital(word(field.label))}
      description={word(field.help)}
      error={error}
      required={field.required}
      value={text}
      onChange={change}
      onBlur={onLeave}
      placeholder={field.default === null || field.default === undefined ? "{ }" : JSON.stringify(field.default)}
      autosize
      minRows={1}
      maxRows={14}
      spellCheck={false}
    />
  );
}
