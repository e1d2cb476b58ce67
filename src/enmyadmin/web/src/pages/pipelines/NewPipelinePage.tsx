export { NewPipeline as default } from "./EditPipelinePage";
