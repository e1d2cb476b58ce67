import { Anchor, Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { IconScale, IconTag, IconTrash, IconTrashOff } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { asProblem } from "@/api/problem";
import { type Bulk, type Listing, useAllowed, useBulk } from "@/api/queries";
import { type Collection, type Page, collectionOf, isEntity } from "@/api/types";
import { useTexts } from "@/i18n";
import { LinkButton } from "@/shell/AppLink";

interface Properties {
  collection: Collection;
  ids: number[];
  count: Page["count"];
  listing: Listing;
  allMatching: boolean;
  onAllMatching: () => void;
  onDone: () => void;
  trash?: boolean;
}

/** What can be done with the selected records, or with all that match the filter. */
export function BulkBar({ collection, ids, count, listing, allMatching, onAllMatching, onDone, trash }: Properties) {
  const { t } = useTexts();
  const allowed = useAllowed();
  const bulk = useBulk(collection);
  const [tagging, tags] = useDisclosure();
  const navigate = useNavigate();
  const n = allMatching ? (count?.value ?? 0) : ids.length;
  const refused = (error: unknown) =>
    notifications.show({ color: "red", message: asProblem(error).detail, autoClose: 10_000 });
  const undo = (restored: number[]) =>
    bulk.mutate(
      { action: "restore", ids: restored, where: null },
      {
        onSuccess: () => notifications.show({ message: t("done.restore", { n: restored.length }) }),
        onError: refused,
      },
    );
  const act = (action: Bulk["action"], given?: Record<string, unknown>) =>
    bulk.mutate(
      { action, ids: allMatching ? null : ids, where: allMatching ? conditionsOf(collection, listing) : null, tags: given },
      {
        onSuccess: (answer) => {
          onDone();
          if ("state" in answer) {
            notifications.show({ message: t("bulk.is_run") });
            navigate({ to: `/runs/${answer.id}` });
            return;
          }
          const changed = answer.records.filter(({ entity }) => isEntity(entity) && collectionOf(entity) === collection);
          const id = notifications.show({
            message: (
              <Group gap="md" justify="space-between">
                {t(`done.${action}`, { n: changed.length })}
                {action === "trash" && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => {
                      notifications.hide(id);
                      undo(changed.map((each) => each.id));
                    }}
                  >
                    {t("action.undo")}
                  </Button>
                )}
              </Group>
            ),
            autoClose: 10_000,
          });
        },
        onError: refused,
      },
    );
  if (n === 0) return null;
  return (
    <Group gap="xs" mb="xs">
          <Text fz="sm" fw={600} aria-live="polite">
            {t(allMatching && count?.capped ? "bulk.selected_more" : "bulk.selected", { n })}
          </Text>
          {!allMatching && count && count.value > ids.length && (
            <Anchor component="button" type="button" fz="sm" onClick={onAllMatching}>
              {t(count.capped ? "bulk.all_more" : "bulk.all", { n: count.value })}
            </Anchor>
          )}
          <Anchor component="button" type="button" fz="sm" onClick={onDone}>
            {t("bulk.clear")}
          </Anchor>
          {collection === "models" && ids.length > 1 && ids.length <= 50 && (
            <LinkButton
              size="compact-sm"
              variant="default"
              to="/compare"
              search={{ models: ids.join(",") }}
              leftSection={<IconScale size={16} aria-hidden />}
            >
              {t("action.compare")}
            </LinkButton>
          )}
          {!trash && allowed("change") && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconTag size={16} aria-hidden />}
              onClick={tags.open}
            >
              {t("action.tag")}
            </Button>
          )}
          {trash && allowed("trash") && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconTrashOff size={16} aria-hidden />}
              loading={bulk.isPending}
              onClick={() => act("restore")}
            >
              {t("action.restore")}
            </Button>
          )}
          {!trash && allowed("trash") && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconTrash size={16} aria-hidden />}
              loading={bulk.isPending}
              onClick={() => act("trash")}
            >
              {t("action.trash")}
            </Button>
          )}
      <Modal
        opened={tagging}
        onClose={tags.close}
        title={t("bulk.tag_title", { n })}
        closeButtonProps={{ "aria-label": t("action.close") }}
      >
        <TagForm
          onTag={(key, value, remove) => {
            act(remove ? "untag" : "tag", { [key]: value });
            tags.close();
          }}
        />
      </Modal>
    </Group>
  );
}

/** Ways to records that are no parents, for the filter language. */
const PATHS: Record<string, string> = { "models project": "research.project" };

/** The conditions of a list as one text of the filter language; without any, all records. */
function conditionsOf(collection: Collection, listing: Listing): string {
  const { where, limit: _l, order_by: _o, columns: _c, facts: _f, trash: _t, ...fixed } = listing;
  const own = Object.entries(fixed).map(([name, id]) => `${PATHS[`${collection} ${name}`] ?? name}.id = ${id}`);
  return [...own, ...(where ? [`(${where})`] : [])].join(" and ") || "id > 0";
}

function TagForm({ onTag }: { onTag: (key: string, value: string, remove: boolean) => void }) {
  const { t } = useTexts();
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const send = (event: FormEvent) => {
    event.preventDefault();
    onTag(key.trim(), value, false);
  };
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput
          data-autofocus
          required
          label={t("tags.key")}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        <TextInput label={t("tags.value")} value={value} onChange={(event) => setValue(event.currentTarget.value)} />
        <Group justify="flex-end">
          <Button variant="default" disabled={!key.trim()} onClick={() => onTag(key.trim(), value, true)}>
            {t("action.untag")}
          </Button>
          <Button type="submit">{t("action.tag")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
