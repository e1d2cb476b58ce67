import { Alert, Anchor, Button, Group, List, Stack, Text, Textarea, Title } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { usePlan, useStart, useVerbs } from "@/api/intents";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { useTexts } from "@/i18n";
import { useTitle } from "@/shell/title";
import { PlanView } from "./PlanView";

/** A sentence becomes a plan, which is shown before anything starts. */
export default function IntentsPage() {
  const { t, label, language } = useTexts();
  useTitle(t("nav.intents"));
  const allowed = useAllowed();
  const navigate = useNavigate();
  const [sentence, setSentence] = useState("");
  const verbs = useVerbs();
  const plan = usePlan();
  const start = useStart();
  const isPlanned = plan.data?.sentence === sentence.trim().split(/\s+/).join(" ");
  const problem = plan.error ? asProblem(plan.error) : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.reset();
    plan.mutate(sentence);
  };
  const begin = () =>
    start.mutate(sentence, {
      onSuccess: (made) =>
        navigate({ to: (made.run ? `/runs/${made.run}` : `/pipelines/${encodeURIComponent(made.pipeline)}`) as never }),
    });
  return (
    <Stack maw={960}>
      <Title order={1}>{t("nav.intents")}</Title>
      <form onSubmit={submit}>
        <Stack align="flex-start">
          <Textarea
            label={t("intents.sentence")}
            description={t("intents.about")}
            value={sentence}
            onChange={(event) => setSentence(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey) submit(event);
            }}
            error={problem ? label(problem.detail) : undefined}
            autosize
            minRows={2}
            maxLength={1000}
            w="100%"
            autoFocus
          />
          <Button type="submit" loading={plan.isPending} disabled={sentence.trim() === ""}>
            {t("intents.plan")}
          </Button>
        </Stack>
      </form>
      {!plan.data && verbs.data && (
        <Stack gap="xs" component="section" aria-label={t("intents.examples")}>
          <Text fw={600}>{t("intents.examples")}</Text>
          <List listStyleType="none" spacing={6}>
            {verbs.data.items.map((each) => (
              <List.Item key={each.name}>
                <Anchor component="button" type="button" ta="left" onClick={() => setSentence(each.examples[language])}>
                  {each.examples[language]}
                </Anchor>
                <Text fz="sm" c="dimmed">
                  {label(each.description)}
                </Text>
              </List.Item>
            ))}
          </List>
        </Stack>
      )}
      {plan.data && <PlanView plan={plan.data} />}
      {plan.data && allowed("create") && (
        <Group>
          <Button onClick={begin} loading={start.isPending} disabled={!plan.data.ready || !isPlanned}>
            {t(plan.data.schedule ? "intents.schedule" : "intents.start")}
          </Button>
          <Text fz="sm" c="dimmed">
            {t(!isPlanned ? "intents.changed" : plan.data.ready ? "intents.ready" : "intents.not_ready")}
          </Text>
        </Group>
      )}
      {start.error && (
        <Alert color="red" role="alert">
          {label(asProblem(start.error).detail)}
        </Alert>
      )}
    </Stack>
  );
}
