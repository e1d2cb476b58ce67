import { Alert, Button, Group } from "@mantine/core";
import { type Problem, asProblem } from "@/api/problem";
import { useTexts } from "@/i18n";

/** The problem of a saved form, and the part of it that belongs to a field. */
export function problemOfForm(error: unknown): [problem: Problem | null, of: (place: string) => string | null] {
  const problem = error ? asProblem(error) : null;
  return [problem, (place) => (problem?.field === place ? problem.detail : null)];
}

interface Properties {
  problem: Problem | null;
  /** The fields that show their problems themselves. */
  places: string[];
  isPending: boolean;
  onCancel: () => void;
}

/** The end of a form in a dialog: a problem that no field shows, and the buttons. */
export function FormEnd({ problem, places, isPending, onCancel }: Properties) {
  const { t } = useTexts();
  return (
    <>
      {problem && !places.includes(problem.field ?? "") && (
        <Alert color="red" role="alert" style={{ overflowWrap: "anywhere" }}>
          {problem.detail}
        </Alert>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onCancel}>
          {t("action.cancel")}
        </Button>
        <Button type="submit" loading={isPending}>
          {t("action.save")}
        </Button>
      </Group>
    </>
  );
}
