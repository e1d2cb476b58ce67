import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { useTexts } from "@/i18n";

/** A thing with a name that is edited, "new" for one that is made, or null while nothing is. */
export type Edited<T> = T | "new" | null;

interface Properties<T> {
  edited: Edited<T>;
  /** Of the dialog for a new one; otherwise its name is. */
  title: string;
  onClose: () => void;
  /** The form; null for a new one. */
  children: (item: T | null) => ReactNode;
}

/** The dialog in which a new thing is made, or one that exists is changed. */
export function EditDialog<T extends { name: string }>({ edited, title, onClose, children }: Properties<T>) {
  const { t } = useTexts();
  return (
    <Modal
      opened={edited !== null}
      onClose={onClose}
      title={edited === "new" || edited === null ? title : edited.name}
      size="lg"
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      {edited && children(edited === "new" ? null : edited)}
    </Modal>
  );
}
