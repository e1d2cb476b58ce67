import { Center, Loader } from "@mantine/core";
import { useSession } from "@/api/queries";
import { useTexts } from "@/i18n";
import { Login } from "./Login";
import { Shell } from "./Shell";

/** The log-in form until there is a session, then the shell with the page of the address. */
export function Root() {
  const { data: session, isPending, error } = useSession();
  const { t } = useTexts();
  if (isPending || error)
    return (
      <Center component="main" h="100vh">
        <Loader aria-label={t("state.connecting")} />
      </Center>
    );
  return session.user ? <Shell session={session} /> : <Login mode={session.mode} />;
}
