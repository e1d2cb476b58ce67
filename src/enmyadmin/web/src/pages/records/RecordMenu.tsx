import { ActionIcon, Menu, Modal } from "@mantine/core";
import { useClipboard, useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import {
  IconBrandPython,
  IconDots,
  IconDownload,
  IconPencil,
  IconSitemap,
  IconTerminal2,
  IconTrash,
  IconTrashX,
} from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { asProblem } from "@/api/problem";
import { useAllowed, usePatch, usePurge, useSchema, useTrash } from "@/api/queries";
import { address } from "@/api/request";
import { curlOf, pythonOf } from "@/api/snippets";
import type { Collection, Item } from "@/api/types";
import { SchemaForm } from "@/form/SchemaForm";
import { useTexts } from "@/i18n";
import { useConfirm } from "@/shell/useConfirm";

const ICON = { size: 16, "aria-hidden": true } as const;

/** The part of a record's address that gives its rows. */
const ROWS: Partial<Record<Collection, string>> = {
  "data-sources": "points",
  snapshots: "table",
  preparations: "table",
  "data-sets": "table",
  forecasts: "table",
  ensembles: "table",
  tables: "table",
};

/** What can be done with any record: edit, lineage, download, copy as code, trash. */
export function RecordMenu({ collection, item }: { collection: Collection; item: Item }) {
  const { t } = useTexts();
  const allowed = useAllowed();
  const navigate = useNavigate();
  const clipboard = useClipboard();
  const trash = useTrash(collection);
  const purge = usePurge(collection);
  const [editing, edit] = useDisclosure();
  const copy = (text: string) => {
    clipboard.copy(text);
    notifications.show({ message: t("done.copied") });
  };
  const failed = (error: unknown) =>
    notifications.show({ color: "red", message: asProblem(error).detail, autoClose: 10_000 });
  const toTrash = () =>
    trash.mutate(item.id, {
      onSuccess: ({ trashed }) => notifications.show({ message: t("done.trashed", { n: trashed.length }) }),
      onError: failed,
    });
  const [confirm, ask] = useConfirm();
  const forGood = () =>
    ask({
      title: t("action.purge"),
      text: t("trash.purge_sure"),
      act: () => purge.mutate(item.id, { onSuccess: () => navigate({ to: "/trash" }), onError: failed }),
    });
  return (
    <>
      {confirm}
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="default" size="lg" aria-label={t("action.more")}>
            <IconDots size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {allowed("change") && (
            <Menu.Item leftSection={<IconPencil {...ICON} />} onClick={edit.open}>
              {t("action.edit")}
            </Menu.Item>
          )}
          <Menu.Item
            leftSection={<IconSitemap {...ICON} />}
            onClick={() => navigate({ to: `/${collection}/${item.id}/lineage` as never })}
          >
            {t("action.lineage")}
          </Menu.Item>
          {ROWS[collection] &&
            allowed("download") &&
            (["csv", "parquet"] as const).map((format) => (
              <Menu.Item
                key={format}
                component="a"
                href={address(`/${collection}/${item.id}/${ROWS[collection]}`, { format })}
                download
                leftSection={<IconDownload {...ICON} />}
              >
                {t("action.download", { format: t(`format.${format}`) })}
              </Menu.Item>
            ))}
          <Menu.Item leftSection={<IconBrandPython {...ICON} />} onClick={() => copy(pythonOf(item))}>
            {t("action.copy_python")}
          </Menu.Item>
          <Menu.Item leftSection={<IconTerminal2 {...ICON} />} onClick={() => copy(curlOf(`/${collection}/${item.id}`))}>
            {t("action.copy_curl")}
          </Menu.Item>
          {!item.in_trash && allowed("trash") && (
            <Menu.Item leftSection={<IconTrash {...ICON} />} onClick={toTrash}>
              {t("action.trash")}
            </Menu.Item>
          )}
          {item.in_trash && allowed("purge") && (
            <Menu.Item leftSection={<IconTrashX {...ICON} />} c="var(--mantine-color-error)" onClick={forGood}>
              {t("action.purge")}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={editing}
        onClose={edit.close}
        title={t("action.edit")}
        size="lg"
        closeButtonProps={{ "aria-label": t("action.close") }}
      >
        <EditForm collection={collection} item={item} onDone={edit.close} />
      </Modal>
    </>
  );
}

function EditForm({ collection, item, onDone }: { collection: Collection; item: Item; onDone: () => void }) {
  const { t } = useTexts();
  const { data: schema } = useSchema();
  const change = usePatch(collection, item.id);
  const known = schema![collection].changeable;
  const initial = Object.fromEntries(known.map(({ name }) => [name, item[name] ?? undefined]));
  return (
    <SchemaForm
      fields={known}
      initial={initial}
      further={[]}
      submit={t("action.save")}
      isPending={change.isPending}
      error={change.error}
      onCancel={onDone}
      onSubmit={(values) => {
        const changed = known.map(({ name }) => name).filter((name) => values[name] !== initial[name]);
        change.mutate(Object.fromEntries(changed.map((name) => [name, values[name] ?? null])), { onSuccess: onDone });
      }}
    />
  );
}
