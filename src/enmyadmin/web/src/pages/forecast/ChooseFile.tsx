import { Alert, Button, FileButton, Loader, Stack, Text } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type DragEvent, useState } from "react";
import { asProblem } from "@/api/problem";
import { post } from "@/api/request";
import { useTexts } from "@/i18n";
import type { Understanding } from "./CheckUnderstanding";
import classes from "./ChooseFile.module.css";

export interface Upload {
  id: string;
  name: string;
  bytes: number;
}

const ACCEPTED = ".csv,.tsv,.txt,.parquet,.xlsx,.xls,.ods,.zip,.gz";

/** A place to drop a file; it is uploaded, and read as far as needed to understand it. */
export function ChooseFile({ onUnderstood }: { onUnderstood: (upload: Upload, found: Understanding) => void }) {
  const { t } = useTexts();
  const [over, setOver] = useState(false);
  const reading = useMutation({
    mutationFn: async (file: File) => {
      const form = new FormData();
      form.append("file", file);
      const upload = await post<Upload>("/uploads", form);
      const found = await post<Understanding>("/forecast-data/understand", { upload: upload.id, file_name: upload.name });
      return { upload, found };
    },
    onSuccess: ({ upload, found }) => onUnderstood(upload, found),
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const [file] = event.dataTransfer.files;
    if (file) reading.mutate(file);
  };
  return (
    <Stack>
      <div
        className={classes.place}
        data-over={over || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        {reading.isPending ? (
          <>
            <Loader aria-hidden />
            <Text role="status">{t("forecast.reading")}</Text>
          </>
        ) : (
          <>
            <IconFileUpload size={40} stroke={1.3} aria-hidden />
            <Text>{t("forecast.drop")}</Text>
            <FileButton accept={ACCEPTED} onChange={(file) => file && reading.mutate(file)} inputProps={{ "aria-label": t("upload.file") }}>
              {(properties) => <Button {...properties}>{t("upload.choose")}</Button>}
            </FileButton>
            <Text fz="sm" c="dimmed">
              {t("forecast.kinds")}
            </Text>
          </>
        )}
      </div>
      {reading.error && (
        <Alert color="red" role="alert" style={{ overflowWrap: "anywhere" }}>
          {asProblem(reading.error).detail}
        </Alert>
      )}
    </Stack>
  );
}
