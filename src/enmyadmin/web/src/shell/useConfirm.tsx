import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTexts } from "@/i18n";

interface Question {
  title: string;
  text: string;
  /** What is done if people say yes. */
  act: () => void;
}

/** Asks before something that cannot be undone: the dialog, and the function that opens it. */
export function useConfirm(): [dialog: ReactNode, ask: (question: Question) => void] {
  const { t } = useTexts();
  const [question, setQuestion] = useState<Question | null>(null);
  const [isOpen, setOpen] = useState(false);
  const close = () => setOpen(false);
  const dialog = (
    <Modal opened={isOpen} onClose={close} title={question?.title} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack>
        <Text>{question?.text}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            {t("action.cancel")}
          </Button>
          <Button
            color="red"
            onClick={() => {
              close();
              question?.act();
            }}
          >
            {question?.title}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
  const ask = (asked: Question) => {
    setQuestion(asked);
    setOpen(true);
  };
  return [dialog, ask];
}
