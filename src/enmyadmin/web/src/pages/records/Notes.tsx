import { Button, Group, Stack, Textarea, Title } from "@mantine/core";
import { Suspense, lazy, useState } from "react";
import { asProblem } from "@/api/problem";
import { useAllowed, usePatch } from "@/api/queries";
import type { Collection, Item } from "@/api/types";
import { useTexts } from "@/i18n";

// Raw HTML in the text is shown as text.
const Markdown = lazy(() => import("react-markdown"));

/** The description of a record, in Markdown, changed in its place. */
export function Notes({ collection, item }: { collection: Collection; item: Item }) {
  const { t } = useTexts();
  const allowed = useAllowed();
  const change = usePatch(collection, item.id);
  const [text, setText] = useState<string | null>(null);
  if (text === null && !item.description) {
    if (!allowed("change")) return null;
    return (
      <Group>
        <Button variant="subtle" size="compact-sm" onClick={() => setText("")}>
          {t("notes.add")}
        </Button>
      </Group>
    );
  }
  return (
    <Stack gap="xs" component="section" aria-label={t("notes.title")}>
      <Group gap="sm">
        <Title order={2}>{t("notes.title")}</Title>
        {text === null && allowed("change") && (
          <Button variant="subtle" size="compact-sm" onClick={() => setText(item.description)}>
            {t("action.edit")}
          </Button>
        )}
      </Group>
      {text === null ? (
        <div className="notes" style={{ maxWidth: "72ch" }}>
          <Suspense fallback={item.description}>
            <Markdown>{item.description}</Markdown>
          </Suspense>
        </div>
      ) : (
        <>
          <Textarea
            autoFocus
            autosize
            minRows={4}
            maw={720}
            aria-label={t("notes.title")}
            description={t("form.markdown")}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            error={change.error && asProblem(change.error).detail}
          />
          <Group gap="xs">
            <Button
              size="compact-sm"
              loading={change.isPending}
              onClick={() => change.mutate({ description: text }, { onSuccess: () => setText(null) })}
            >
              {t("action.save")}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setText(null)}>
              {t("action.cancel")}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  );
}
