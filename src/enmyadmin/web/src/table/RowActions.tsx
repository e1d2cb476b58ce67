import { Button, Group, Switch } from "@mantine/core";
import { useAllowed } from "@/api/queries";
import { useTexts } from "@/i18n";
import { useConfirm } from "@/shell/useConfirm";

interface Properties {
  /** Of the row. */
  name: string;
  /** The question before it is deleted. */
  sure: string;
  onEdit: () => void;
  onDelete: () => void;
}

/** The buttons of a row that change it or delete it, as far as the user may. */
export function RowActions({ name, sure, onEdit, onDelete }: Properties) {
  const { t } = useTexts();
  const allowed = useAllowed();
  const [confirm, ask] = useConfirm();
  const small = { size: "compact-xs", variant: "default" } as const;
  return (
    <Group gap="xs" wrap="nowrap">
      {confirm}
      {allowed("change") && (
        <Button {...small} aria-label={`${t("action.edit")}: ${name}`} onClick={onEdit}>
          {t("action.edit")}
        </Button>
      )}
      {allowed("trash") && (
        <Button
          {...small}
          aria-label={`${t("schedules.delete")}: ${name}`}
          onClick={() => ask({ title: t("schedules.delete"), text: sure, act: onDelete })}
        >
          {t("schedules.delete")}
        </Button>
      )}
    </Group>
  );
}

/** The switch of a row that turns it on and off. */
export function RowSwitch({ name, isOn, onChange }: { name: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  const { t } = useTexts();
  const allowed = useAllowed();
  return (
    <Switch
      aria-label={`${t("schedules.active")}: ${name}`}
      checked={isOn}
      disabled={!allowed("change")}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}
