import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { asProblem } from "@/api/problem";
import { refreshCollection } from "@/api/queries";
import { useTexts } from "@/i18n";

/** A change of a list of the administration: refreshes the list, and tells what went wrong. */
export function useListChange<A, R>(path: string, change: (argument: A) => Promise<R>, isQuiet = false) {
  const client = useQueryClient();
  const { label } = useTexts();
  return useMutation({
    mutationFn: change,
    onSuccess: () => refreshCollection(client, path),
    onError: (error) => {
      if (!isQuiet) notifications.show({ color: "red", message: label(asProblem(error).detail), autoClose: 10_000 });
    },
  });
}
