import { Button, Group, Modal, PasswordInput, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { asProblem } from "@/api/problem";
import type { Schemas } from "@/api/types";
import { patch, post } from "@/api/request";
import { useTexts } from "@/i18n";
import { useTitle } from "@/shell/title";
import { formatTime } from "@/table/format";
import { PagedTable } from "./PagedTable";
import { useListChange } from "./changes";

type User = Schemas["UserItem"];

const ROLES = ["viewer", "analyst", "releaser", "administrator"] as const;

/** The users of the server with their roles. */
export default function UsersPage() {
  const { t, language } = useTexts();
  useTitle(t("nav.users"));
  const [adding, add] = useDisclosure();
  const change = useListChange("users", ({ id, ...values }: { id: number; role?: string; disabled?: boolean }) =>
    patch(`/users/${id}`, values),
  );
  const roles = ROLES.map((each) => ({ value: each, label: t(`role.${each}`) }));
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={1}>{t("nav.users")}</Title>
        <Button onClick={add.open}>{t("users.add")}</Button>
      </Group>
      <Text c="dimmed">{t("users.about")}</Text>
      <PagedTable<User>
        path="users"
        label={t("nav.users")}
        empty={t("empty.users")}
        columns={[
          { title: t("login.name"), cell: (user) => user.name },
          {
            title: t("users.role"),
            cell: (user) => (
              <Select
                size="xs"
                w={160}
                aria-label={t("users.role_of", { name: user.name })}
                data={roles}
                value={user.role}
                allowDeselect={false}
                onChange={(role) => role && change.mutate({ id: user.id, role })}
              />
            ),
          },
          {
            title: t("users.last_login"),
            cell: (user) => (user.last_login_at ? formatTime(user.last_login_at, language) : "–"),
            oneLine: true,
          },
          {
            title: t("users.state"),
            cell: (user) => (
              <Group gap="xs">
                {t(user.disabled_at ? "users.disabled" : "users.active")}
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={`${t(user.disabled_at ? "users.enable" : "users.disable")}: ${user.name}`}
                  onClick={() => change.mutate({ id: user.id, disabled: !user.disabled_at })}
                >
                  {t(user.disabled_at ? "users.enable" : "users.disable")}
                </Button>
              </Group>
            ),
          },
        ]}
      />
      <Modal opened={adding} onClose={add.close} title={t("users.add")} closeButtonProps={{ "aria-label": t("action.close") }}>
        <NewUser roles={roles} onDone={add.close} />
      </Modal>
    </Stack>
  );
}

function NewUser({ roles, onDone }: { roles: { value: string; label: string }[]; onDone: () => void }) {
  const { t } = useTexts();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState("viewer");
  const create = useListChange("users", () => post("/users", { name, password, role }), true);
  const problem = create.error ? asProblem(create.error) : null;
  const at = (field: string) => (problem && (problem.field ?? "name") === field ? problem.detail : null);
  const send = (event: FormEvent) => {
    event.preventDefault();
    create.mutate(undefined as never, { onSuccess: onDone });
  };
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput
          data-autofocus
          required
          label={t("login.name")}
          autoComplete="off"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={at("name")}
        />
        <PasswordInput
          required
          label={t("login.password")}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={at("password")}
          visibilityToggleButtonProps={{ "aria-label": t("login.show_password"), tabIndex: 0 }}
        />
        <Select
          label={t("users.role")}
          data={roles}
          value={role}
          allowDeselect={false}
          onChange={(next) => next && setRole(next)}
          error={at("role")}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending}>
            {t("users.add")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
