import { Button, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem } from "@/api/problem";
import { useAllowed } from "@/api/queries";
import { type Version, reportOf, useCheckVersion, useEvaluate, usePromote, useReject } from "@/api/registry";
import { useTexts } from "@/i18n";
import { RemarkDialog } from "./RemarkDialog";

/** What can be done with a version, as far as its state and the role allow it. */
export function VersionActions({ version }: { version: Version }) {
  const { name, version: number, state, aliases } = version;
  const { t, label, language } = useTexts();
  const allowed = useAllowed();
  const navigate = useNavigate();
  const promote = usePromote(name);
  const reject = useReject(name);
  const evaluate = useEvaluate(name);
  const check = useCheckVersion(name);
  const [isPromoting, setPromoting] = useState(false);
  const show = (color: string, message: string) => notifications.show({ color, message: label(message), autoClose: 10_000 });
  const failed = (problem: unknown) => show("red", asProblem(problem).detail);
  const words = { n: number };
  const small = { size: "compact-xs", variant: "default" } as const;
  const isProduction = aliases.includes("production");
  const mayRelease = allowed("release") && !isProduction;
  return (
    <Stack gap={6} align="flex-start">
      {mayRelease && state === "registered" && (
        <Button
          size="compact-xs"
          loading={promote.isPending}
          aria-label={t("registry.promote_of", words)}
          onClick={() => setPromoting(true)}
        >
          {t("registry.promote")}
        </Button>
      )}
      {allowed("run") && (
        <Button
          {...small}
          loading={evaluate.isPending}
          aria-label={t("registry.evaluate_of", words)}
          onClick={() => evaluate.mutate(number, { onSuccess: (run) => navigate({ to: `/runs/${run.id}` as never }), onError: failed })}
        >
          {t("registry.evaluate")}
        </Button>
      )}
      <Button
        {...small}
        component="a"
        href={reportOf(name, number, language)}
        target="_blank"
        rel="noopener"
        aria-label={t("registry.report_of", words)}
      >
        {t("ensemble.report")}
      </Button>
      <Button
        {...small}
        loading={check.isPending}
        aria-label={t("registry.check_of", words)}
        onClick={() =>
          check.mutate(number, { onSuccess: (found) => show(found.is_whole ? "green" : "red", found.message), onError: failed })
        }
      >
        {t("registry.check")}
      </Button>
      {mayRelease && (
        <Button
          {...small}
          aria-label={t(state === "rejected" ? "registry.take_back_of" : "registry.reject_of", words)}
          onClick={() => reject.mutate({ version: number, rejected: state !== "rejected" }, { onError: failed })}
        >
          {t(state === "rejected" ? "registry.take_back" : "registry.reject")}
        </Button>
      )}
      <RemarkDialog
        isOpen={isPromoting}
        title={t("registry.promote_of", words)}
        text={t("registry.promote_about")}
        onClose={() => setPromoting(false)}
        onSend={(remark) => promote.mutate({ version: number, remark }, { onError: failed })}
      />
    </Stack>
  );
}
