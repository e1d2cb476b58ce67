import { Alert, Button, Card, Center, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { asProblem } from "@/api/problem";
import { post } from "@/api/request";
import type { Session } from "@/api/types";
import { useTexts } from "@/i18n";

export function Login({ mode }: { mode: Session["mode"] }) {
  const { t } = useTexts();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation({
    mutationFn: () => post("/session", { name, password }),
    onSuccess: () => client.invalidateQueries(),
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    login.mutate();
  };
  return (
    <Center component="main" mih="100vh" p="md">
      <Card withBorder w={380} maw="100%" p="xl">
        <Stack>
          <Title order={1}>EnMyAdmin</Title>
          {mode === "link" ? (
            <Text>{t("login.link")}</Text>
          ) : (
            <form onSubmit={send}>
              <Stack>
                <TextInput
                  label={t("login.name")}
                  autoComplete="username"
                  autoFocus
                  required
                  value={name}
                  onChange={(event) => setName(event.currentTarget.value)}
                />
                <PasswordInput
                  label={t("login.password")}
                  autoComplete="current-password"
                  required
                  value={password}
                  onChange={(event) => setPassword(event.currentTarget.value)}
                  visibilityToggleButtonProps={{ "aria-label": t("login.show_password"), tabIndex: 0 }}
                />
                {login.error && (
                  <Alert color="red" role="alert">
                    {asProblem(login.error).detail}
                  </Alert>
                )}
                <Button type="submit" loading={login.isPending}>
                  {t("login.submit")}
                </Button>
              </Stack>
            </form>
          )}
        </Stack>
      </Card>
    </Center>
  );
}
