import { Alert, Button, FileInput, Group, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { refreshCollection } from "@/api/queries";
import { post } from "@/api/request";
import { useTexts } from "@/i18n";

/** Adds the points of a file: CSV, Excel, Parquet or line protocol, told by its ending. */
export function UploadPoints({ collection, id }: { collection: "data-sources" | "panels"; id: number }) {
  const { t } = useTexts();
  const client = useQueryClient();
  const [opened, { open, close }] = useDisclosure();
  const [file, setFile] = useState<File | null>(null);
  const upload = useMutation({
    mutationFn: (given: File) => {
      const form = new FormData();
      form.append("file", given);
      return post<{ points: number }>(`/${collection}/${id}/points`, form);
    },
    onSuccess: (answer) => {
      refreshCollection(client, collection, id);
      notifications.show({ message: t("done.uploaded", { n: answer.points }) });
      setFile(null);
      close();
    },
  });
  return (
    <>
      <Button variant="default" leftSection={<IconUpload size={16} aria-hidden />} onClick={open}>
        {t("upload.open")}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        title={t("upload.title")}
        closeButtonProps={{ "aria-label": t("action.close") }}
      >
        <Stack>
          <Text fz="sm" c="dimmed">
            {t("upload.about")}
          </Text>
          <FileInput
            data-autofocus
            label={t("upload.file")}
            placeholder={t("upload.choose")}
            accept=".csv,.tsv,.txt,.parquet,.xlsx,.lp,.gz"
            value={file}
            onChange={(given) => {
              upload.reset();
              setFile(given);
            }}
            clearable
            clearButtonProps={{ "aria-label": t("form.clear") }}
          />
          {upload.error && (
            <Alert color="red" role="alert" style={{ overflowWrap: "anywhere" }}>
              {asProblem(upload.error).detail}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button disabled={!file} loading={upload.isPending} onClick={() => file && upload.mutate(file)}>
              {t("upload.send")}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
