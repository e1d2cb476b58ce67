import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { IconTrashOff } from "@tabler/icons-react";
import { asProblem } from "@/api/problem";
import { useAllowed, useBulk } from "@/api/queries";
import { type Json, collectionOf, isEntity } from "@/api/types";
import { useTexts } from "@/i18n";

/** The records that a run changed, and, of those it moved to the trash, a way to restore them. */
export function UndoTrash({ result }: { result: Record<string, Json> }) {
  const { t } = useTexts();
  const allowed = useAllowed();
  const navigate = useNavigate();
  const { action, entity, counts, trashed_at: time } = result;
  const collection = typeof entity === "string" && isEntity(entity) ? collectionOf(entity) : null;
  const bulk = useBulk(collection ?? "models");
  if (!collection || typeof counts !== "object" || !counts || Array.isArray(counts)) return null;
  const restore = () =>
    bulk.mutate(
      { action: "restore", ids: null, where: `deleted_at = '${time}'` },
      {
        onSuccess: (answer) =>
          "state" in answer
            ? navigate({ to: `/runs/${answer.id}` })
            : notifications.show({ message: t("done.restore", { n: answer.records.length }) }),
        onError: (error) => notifications.show({ color: "red", message: asProblem(error).detail, autoClose: 10_000 }),
      },
    );
  return (
    <Group gap="md">
      {Object.entries(counts)
        .filter(([each]) => isEntity(each))
        .map(([each, n]) => (
          <Text key={each}>
            {t(`collection.${collectionOf(each as never)}`)}: {Number(n).toLocaleString()}
          </Text>
        ))}
      {action === "trash" && time && allowed("trash") && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconTrashOff size={16} aria-hidden />}
          loading={bulk.isPending}
          onClick={restore}
        >
          {t("action.restore_all")}
        </Button>
      )}
    </Group>
  );
}
