import { useEffect, useId, useRef } from "react";
import classes from "./YamlEditor.module.css";

interface Properties {
  label: string;
  value: string;
  onChange: (text: string) => void;
  /** A message, and the line that it is about. */
  message: string | null;
  line: number | null;
}

/** A text with numbered lines; the line of the message is marked. Tab leaves it, as every field. */
export function YamlEditor({ label, value, onChange, message, line }: Properties) {
  const id = useId();
  const numbers = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const lines = value.split("\n").length;
  useEffect(() => {
    if (numbers.current && field.current) numbers.current.scrollTop = field.current.scrollTop;
  }, [value]);
  return (
    <div>
      <label htmlFor={id} className={classes.label}>
        {label}
      </label>
      <div className={classes.editor} data-wrong={message !== null || undefined}>
        <div className={classes.numbers} ref={numbers} aria-hidden>
          {Array.from({ length: lines }, (_, at) => (
            <div key={at} className={at + 1 === line ? classes.wrong : undefined}>
              {at + 1}
            </div>
          ))}
        </div>
        <textarea
          id={id}
          ref={field}
          className={classes.text}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value)}
          onScroll={(event) => numbers.current && (numbers.current.scrollTop = event.currentTarget.scrollTop)}
          rows={Math.min(40, Math.max(16, lines + 1))}
          spellCheck={false}
          autoCapitalize="off"
          wrap="off"
          aria-invalid={message !== null}
          aria-describedby={message === null ? undefined : `${id}-message`}
        />
      </div>
      <div id={`${id}-message`} className={classes.message} role="status">
        {message}
      </div>
    </div>
  );
}
