import { Button, Code, Stack, Text, Title } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { asProblem } from "@/api/problem";
import { useTexts } from "@/i18n";
import { AppLink } from "./AppLink";

export function RouteError({ error, reset }: ErrorComponentProps) {
  const { t } = useTexts();
  return (
    <Stack align="flex-start" p="md">
      <Title order={1}>{t("error.page")}</Title>
      <Code block>{asProblem(error).detail}</Code>
      <Button onClick={reset}>{t("action.retry")}</Button>
    </Stack>
  );
}

export function NotFound() {
  const { t } = useTexts();
  return (
    <Stack align="flex-start" p="md">
      <Title order={1}>{t("error.not_found")}</Title>
      <Text>{t("error.not_found_help")}</Text>
      <AppLink to="/">{t("nav.home")}</AppLink>
    </Stack>
  );
}
