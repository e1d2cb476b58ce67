import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTexts } from "@/i18n";

interface Properties {
  isOpen: boolean;
  title: string;
  text: string;
  onClose: () => void;
  onSend: (remark: string) => void;
}

/** Asks why, before something is released. */
export function RemarkDialog({ isOpen, title, text, onClose, onSend }: Properties) {
  const { t } = useTexts();
  const [remark, setRemark] = useState("");
  const send = (event: FormEvent) => {
    event.preventDefault();
    onSend(remark);
    setRemark("");
    onClose();
  };
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("action.close") }}>
      <form onSubmit={send}>
        <Stack>
          <Text>{text}</Text>
          <TextInput
            data-autofocus
            label={t("registry.remark")}
            description={t("registry.remark_help")}
            value={remark}
            onChange={(event) => setRemark(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit">{title}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
