import { Alert, Button, Code, Group, Select, SimpleGrid, Stack, Text, TextInput, Textarea, Title } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { type Permissions, type Question, type TestResult, useExplain, useTestPolicies } from "@/api/policies";
import { asProblem } from "@/api/problem";
import { useTexts } from "@/i18n";
import { CardTable } from "@/table/CardTable";

const WAYS = ["session", "token", "link"] as const;
const EXAMPLE = `policies:
  candidate: forbid(principal, action == Action::"infer", resource == Table::"model") unless { principal.via == "token" };
cases:
  - {role: viewer, action: infer, table: model, expect: deny}
  - {role: analyst, via: token, action: infer, table: model, expect: allow}
`;

/** Asks the policies in force whether somebody may do something; nothing is done. */
export function TryOut({ found }: { found: Permissions }) {
  const { t, label } = useTexts();
  const roles = Object.keys(found.roles);
  const actions = Object.keys(found.roles[roles[0]] ?? {});
  const [asked, setAsked] = useState({ user: "", role: "viewer", action: "read", table: "model", via: "session" });
  const explain = useExplain();
  const set = (name: keyof typeof asked) => (value: string | null) => {
    explain.reset();
    setAsked({ ...asked, [name]: value ?? "" });
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    const { user, role, via, ...what } = asked;
    explain.mutate({ ...what, ...(user ? { user } : { role }), via: via as Question["via"] });
  };
  const answer = explain.data;
  return (
    <Stack gap="xs" component="section" aria-label={t("policies.try")}>
      <Title order={2}>{t("policies.try")}</Title>
      <form onSubmit={send}>
        <Stack>
          <SimpleGrid cols={{ base: 1, xs: 2, md: 5 }} verticalSpacing="xs">
            <TextInput
              label={t("policies.user")}
              description={t("policies.user_help")}
              value={asked.user}
              onChange={(event) => set("user")(event.currentTarget.value)}
            />
            <Select
              label={t("users.role")}
              description={t("policies.role_help")}
              allowDeselect={false}
              disabled={asked.user !== ""}
              data={roles.map((value) => ({ value, label: t(`role.${value}` as "role.viewer") }))}
              value={asked.role}
              onChange={set("role")}
            />
            <Select
              label={t("policies.action")}
              description={t("policies.action_help")}
              searchable
              allowDeselect={false}
              data={actions}
              value={asked.action}
              onChange={set("action")}
            />
            <Select
              label={t("policies.table")}
              description={t("policies.table_help")}
              searchable
              allowDeselect={false}
              data={found.tables}
              value={asked.table}
              onChange={set("table")}
            />
            <Select
              label={t("policies.via")}
              description={t("policies.via_help")}
              allowDeselect={false}
              data={WAYS.map((value) => ({ value, label: t(`policies.via_${value}`) }))}
              value={asked.via}
              onChange={set("via")}
            />
          </SimpleGrid>
          <Group>
            <Button type="submit" variant="default" loading={explain.isPending}>
              {t("policies.ask")}
            </Button>
          </Group>
        </Stack>
      </form>
      <div aria-live="polite">
        {explain.error && (
          <Alert color="red" role="alert">
            {label(asProblem(explain.error).detail)}
          </Alert>
        )}
        {answer && (
          <Alert
            color={answer.is_allowed ? "blue" : "red"}
            icon={answer.is_allowed ? <IconCheck aria-hidden /> : <IconX aria-hidden />}
            title={t(answer.is_allowed ? "policies.allowed" : "policies.denied")}
          >
            <Stack gap="xs">
              {answer.reason && <Text fz="sm">{label(answer.reason)}</Text>}
              {Object.entries(answer.texts).map(([name, text]) => (
                <div key={name}>
                  <Text fz="sm" fw={600} translate="no">
                    {name}
                  </Text>
                  <Code block style={{ whiteSpace: "pre-wrap" }}>
                    {text}
                  </Code>
                </div>
              ))}
            </Stack>
          </Alert>
        )}
      </div>
    </Stack>
  );
}

/** Runs tests of policies: cases with the answers that are expected; policies of the text are tried and not stored. */
export function PolicyCases() {
  const { t, label } = useTexts();
  const [text, setText] = useState(EXAMPLE);
  const run = useTestPolicies();
  const results = run.data?.items ?? [];
  const failed = results.filter((each) => !each.is_as_expected).length;
  const send = (event: FormEvent) => {
    event.preventDefault();
    run.mutate(text);
  };
  return (
    <Stack gap="xs" component="section" aria-label={t("policies.tests")}>
      <Title order={2}>{t("policies.tests")}</Title>
      <form onSubmit={send}>
        <Stack>
          <Textarea
            label={t("policies.cases")}
            description={t("policies.cases_help")}
            autosize
            minRows={6}
            maxRows={24}
            spellCheck={false}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            error={run.error ? label(asProblem(run.error).detail) : null}
          />
          <Group>
            <Button type="submit" variant="default" loading={run.isPending}>
              {t("policies.run_tests")}
            </Button>
            {run.data && (
              <Text fw={600} role="status">
                {t("policies.as_expected", { n: results.length, right: results.length - failed })}
              </Text>
            )}
          </Group>
        </Stack>
      </form>
      {results.length > 0 && (
        <CardTable<TestResult & { id: number }>
          label={t("policies.tests")}
          rows={results.map((each, id) => ({ ...each, id }))}
          columns={[
            {
              title: t("policies.outcome"),
              oneLine: true,
              cell: (each) => (
                <Text inherit c={each.is_as_expected ? undefined : "var(--mantine-color-error)"} fw={600}>
                  {each.is_as_expected ? "✓" : "✗"} {t(each.is_allowed ? "policies.allowed" : "policies.denied")}
                </Text>
              ),
            },
            { title: t("policies.expected"), cell: (each) => t(each.expect === "allow" ? "policies.allowed" : "policies.denied") },
            {
              title: t("audit.who"),
              cell: (each) => [each.user, each.role && t(`role.${each.role}` as "role.viewer")].filter(Boolean).join(", "),
            },
            { title: t("policies.action"), cell: (each) => <span translate="no">{`${each.action} ${each.table}`}</span> },
            { title: t("policies.why"), cell: (each) => label(each.reason) || each.policies.join(", ") },
          ]}
        />
      )}
    </Stack>
  );
}
